import { exhaustive, here, type Canary, type Waiting } from './canary.ts';

const alone = { threads: 1 } as const;
const contiguous = { repaired: here('contiguous'), preemptions: 0 } as const;
const buddy = { repaired: here('buddy-blocks'), preemptions: 0 } as const;

/** Defects that one worker alone meets. */
export const sequential: readonly Canary[] = [
  { id: 'V01', mistake: 'the bitmap ignores the number of frames', subject: here('v01-range'), repaired: here('v01-repaired'), invariant: 'FP-RNG-1', commands: 2, preemptions: 0, phases: exhaustive({ frames: 2, threads: 2, ops: 2 }) },
  { id: 'V02', mistake: 'a free that fails half-way leaves frames free', subject: here('v02-half-way'), ...contiguous, invariant: 'FP-REF-1', commands: 2, phases: exhaustive({ frames: 3, ...alone, ops: 2 }) },
  { id: 'V03', mistake: 'a refused free is tried on the buddy', subject: here('v03-falls-through'), repaired: here('v03-v04-repaired'), invariant: 'FP-FRE-1', commands: 3, preemptions: 0, phases: exhaustive({ frames: 2, ...alone, ops: 4 }) },
  { id: 'V03, owned twice', mistake: 'a refused free is tried on the buddy', subject: here('v03-falls-through'), repaired: here('v03-v04-repaired'), invariant: 'FP-OWN-1', commands: 5, preemptions: 0, phases: exhaustive({ frames: 2, ...alone, ops: 5 }) },
  { id: 'V04', mistake: 'the buddy takes a double free', subject: here('v04-double-free'), repaired: here('v03-v04-repaired'), invariant: 'FP-FRE-1', commands: 3, preemptions: 0, phases: exhaustive({ frames: 2, ...alone, ops: 4 }) },
  { id: 'V04, owned twice', mistake: 'the buddy takes a double free', subject: here('v04-double-free'), repaired: here('v03-v04-repaired'), invariant: 'FP-OWN-1', commands: 5, preemptions: 0, phases: exhaustive({ frames: 2, ...alone, ops: 5 }) },
  { id: 'V05', mistake: 'frames outside of the range are taken', subject: here('v05-foreign'), ...contiguous, invariant: 'FP-FRE-1', commands: 1, phases: exhaustive({ frames: 2, ...alone, ops: 2, misuse: true }) },
  { id: 'V05, handed out', mistake: 'frames outside of the range are taken', subject: here('v05-foreign'), ...contiguous, invariant: 'FP-RNG-1', commands: 2, phases: exhaustive({ frames: 2, ...alone, ops: 2, misuse: true }) },
  { id: 'V06', mistake: 'a free of no frame frees one', subject: here('v06-count-zero'), ...contiguous, invariant: 'FP-FRE-1', commands: 2, phases: exhaustive({ frames: 2, ...alone, ops: 2, misuse: true }) },
  { id: 'V07', mistake: 'buddies by absolute number, blocks by relative', subject: here('v07-absolute-buddy'), repaired: here('v07-repaired'), invariant: 'FP-PRB-1', commands: 2, preemptions: 0, phases: exhaustive({ frames: 2, firstFrame: 1, ...alone, ops: 2 }) },
  { id: 'V08', mistake: 'the table of orders is one short', subject: here('v08-order-table'), ...buddy, invariant: 'FP-EXC-1', commands: 1, phases: exhaustive({ frames: 4, ...alone, ops: 2 }) },
  { id: 'V09', mistake: 'a remainder that is no power of two is dropped', subject: here('v09-remainder'), ...buddy, invariant: 'FP-REF-1', commands: 0, phases: exhaustive({ frames: 3, ...alone, ops: 1 }) },
  { id: 'V10', mistake: "a large request never uses the bitmap's frames", subject: here('v10-large-stays-high'), ...contiguous, invariant: 'FP-OOM-1', commands: 2, phases: exhaustive({ frames: 4, ...alone, ops: 3 }) },
  { id: 'V11', mistake: 'one reserved frame starves the search', subject: here('v11-starved'), ...contiguous, invariant: 'FP-OOM-1', commands: 1, phases: exhaustive({ frames: 3, reserved: [{ start: 0, count: 1 }], ...alone, ops: 2 }) },
  { id: 'V16', mistake: 'an index below the range panics', subject: here('v16-underflow'), ...contiguous, invariant: 'FP-EXC-1', commands: 1, phases: exhaustive({ frames: 2, firstFrame: 2, ...alone, ops: 2, misuse: true }) },
  { id: 'V16, lock held', mistake: 'an index below the range panics with the lock held', subject: here('v16-lock-held'), repaired: here('v16-h1-repaired'), preemptions: 0, invariant: 'FP-PRG-2', commands: 2, phases: exhaustive({ frames: 2, firstFrame: 2, ...alone, ops: 2, misuse: true }) },
  { id: 'V19', mistake: 'attaching wipes what is live', subject: here('v19-wiped'), ...contiguous, invariant: 'FP-REF-1', commands: 1, phases: exhaustive({ frames: 2, ...alone, ops: 2 }) },
  { id: 'V20', mistake: 'a free longer than its allocation frees a neighbour', subject: here('v20-neighbour'), ...contiguous, invariant: 'FP-FRE-1', commands: 3, phases: exhaustive({ frames: 4, ...alone, ops: 3 }) },
  { id: 'V21', mistake: 'a count is rounded up when taken, not when given back', subject: here('v21-rounded-up'), ...contiguous, invariant: 'FP-REF-1', commands: 1, phases: exhaustive({ frames: 4, ...alone, ops: 2 }) },
  { id: 'V22', mistake: 'a count of 0 is out of memory', subject: here('v22-wrong-error'), ...contiguous, invariant: 'FP-ERR-1', commands: 1, phases: exhaustive({ frames: 2, ...alone, ops: 1, misuse: true }) },
  { id: 'V23', mistake: 'reserved frames are marked in the bitmap only', subject: here('v23-half-reserved'), ...contiguous, invariant: 'FP-RNG-2', commands: 1, phases: exhaustive({ frames: 4, reserved: [{ start: 3, count: 1 }], ...alone, ops: 2 }) },
];

/** Those of them that need what does not exist yet. */
export const waitingSequential: readonly Waiting[] = [
  { id: 'V12', mistake: 'the zone is ignored when no node is given', needs: 'zones' },
  { id: 'V13', mistake: "'no fallback' for DMA leaks to another node", needs: 'zones, nodes' },
  { id: 'V14', mistake: 'only the first frame is checked against the zone', needs: 'zones' },
  { id: 'V15', mistake: 'a normal request drains the DMA zone first', needs: 'zones' },
  { id: 'V17', mistake: 'a free is credited to the wrong node', needs: 'nodes' },
  { id: 'V18', mistake: 'a remote bitmap is preferred to the local buddy', needs: 'nodes' },
  { id: 'V19, nodes', mistake: 'overlapping nodes are accepted', needs: 'nodes' },
  { id: 'V22, nodes', mistake: 'an unknown node falls back silently', needs: 'nodes' },
  { id: 'V24', mistake: 'the cache takes double frees and garbage', needs: 'caches' },
  { id: 'V25', mistake: "frames are stranded in other workers' caches", needs: 'caches' },
  { id: 'V26', mistake: 'the cache ignores its low mark and drains its hot end', needs: 'caches' },
];
