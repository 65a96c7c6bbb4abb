import { exhaustive, here, type Canary, type Waiting } from './canary.ts';

/** Defects that one worker alone meets. */
export const sequential: readonly Canary[] = [
  { id: 'V01', mistake: 'the bitmap ignores the number of frames', subject: here('v01-range'), repaired: here('v01-repaired'), invariant: 'FP-RNG-1', commands: 2, preemptions: 0, phases: exhaustive({ frames: 2, threads: 2, ops: 2 }) },
  { id: 'V03', mistake: 'a refused free is tried on the buddy', subject: here('v03-falls-through'), repaired: here('v03-v04-repaired'), invariant: 'FP-FRE-1', commands: 3, preemptions: 0, phases: exhaustive({ frames: 2, threads: 1, ops: 4 }) },
  { id: 'V03, owned twice', mistake: 'a refused free is tried on the buddy', subject: here('v03-falls-through'), repaired: here('v03-v04-repaired'), invariant: 'FP-OWN-1', commands: 5, preemptions: 0, phases: exhaustive({ frames: 2, threads: 1, ops: 5 }) },
  { id: 'V04', mistake: 'the buddy takes a double free', subject: here('v04-double-free'), repaired: here('v03-v04-repaired'), invariant: 'FP-FRE-1', commands: 3, preemptions: 0, phases: exhaustive({ frames: 2, threads: 1, ops: 4 }) },
  { id: 'V20', mistake: 'a free longer than its allocation frees a neighbour', subject: here('v20-neighbour'), repaired: here('v20-repaired'), invariant: 'FP-FRE-1', commands: 3, preemptions: 0, phases: exhaustive({ frames: 4, threads: 1, ops: 3 }) },
];

/** Those of them that need what does not exist yet. */
export const waitingSequential: readonly Waiting[] = [
  { id: 'V12', mistake: 'the zone is ignored when no node is given', needs: 'zones' },
  { id: 'V13', mistake: "'no fallback' for DMA leaks to another node", needs: 'zones, nodes' },
  { id: 'V14', mistake: 'only the first frame is checked against the zone', needs: 'zones' },
  { id: 'V15', mistake: 'a normal request drains the DMA zone first', needs: 'zones' },
  { id: 'V17', mistake: 'a free is credited to the wrong node', needs: 'nodes' },
  { id: 'V18', mistake: 'a remote bitmap is preferred to the local buddy', needs: 'nodes' },
  { id: 'V24', mistake: 'the cache takes double frees and garbage', needs: 'caches' },
  { id: 'V25', mistake: "frames are stranded in other workers' caches", needs: 'caches' },
  { id: 'V26', mistake: 'the cache ignores its low mark and drains its hot end', needs: 'caches' },
];
