import { exhaustive, here, type Canary } from './canary.ts';

const alone = { threads: 1 } as const;
const contiguous = { repaired: here('contiguous'), preemptions: 0 } as const;

/** Defects that the original had once and repaired, turned round. */
export const history: readonly Canary[] = [
  { id: 'H1', mistake: 'statistics are updated under the lock that they take', subject: here('h1-lock-twice'), ...contiguous, invariant: 'FP-PRG-1', commands: 0, phases: exhaustive({ frames: 2, ...alone, ops: 1 }) },
  { id: 'H1, in an operation', mistake: 'statistics are updated under the lock that they take', subject: here('h1-waits-for-itself'), repaired: here('v16-h1-repaired'), preemptions: 0, invariant: 'FP-PRG-2', commands: 1, phases: exhaustive({ frames: 2, ...alone, ops: 1 }) },
  { id: 'H2', mistake: 'the start of a run underflows the range', subject: here('h2-below-the-range'), ...contiguous, invariant: 'FP-RNG-1', commands: 3, phases: exhaustive({ frames: 3, firstFrame: 4, ...alone, ops: 3 }) },
  { id: 'H3', mistake: 'a memory of a power of two is halved', subject: here('h3-halved'), repaired: here('buddy-blocks'), preemptions: 0, invariant: 'FP-REF-1', commands: 0, phases: exhaustive({ frames: 4, ...alone, ops: 1 }) },
  { id: 'H4', mistake: 'a free is routed by its count', subject: here('h4-routed-by-count'), ...contiguous, invariant: 'FP-FRE-2', commands: 3, phases: exhaustive({ frames: 2, ...alone, ops: 4 }) },
  { id: 'H5', mistake: 'boot frames are left allocatable', subject: here('h5-boot-frames'), ...contiguous, invariant: 'FP-RNG-2', commands: 1, phases: exhaustive({ frames: 3, reserved: [{ start: 0, count: 1 }], ...alone, ops: 1 }) },
  { id: 'H6', mistake: 'more memory is claimed than exists', subject: here('h6-more-than-there-is'), ...contiguous, invariant: 'FP-RNG-1', commands: 2, phases: exhaustive({ frames: 1, ...alone, ops: 2 }) },
  { id: 'H7', mistake: 'the pool begins at the end of memory', subject: here('h7-past-the-end'), ...contiguous, invariant: 'FP-RNG-1', commands: 1, phases: exhaustive({ frames: 2, ...alone, ops: 1 }) },
  { id: 'H8', mistake: 'errors of free are swallowed', subject: here('h8-swallowed'), ...contiguous, invariant: 'FP-FRE-1', commands: 1, phases: exhaustive({ frames: 2, ...alone, ops: 2, misuse: true }) },
  { id: 'H9', mistake: 'the total is reported as 0', subject: here('h9-total-zero'), ...contiguous, invariant: 'FP-CNT-1', commands: 0, phases: exhaustive({ frames: 2, ...alone, ops: 1 }) },
  { id: 'H10', mistake: 'a failing allocate leaks what it had taken', subject: here('h10-leaked'), ...contiguous, invariant: 'FP-REF-1', commands: 2, phases: exhaustive({ frames: 2, ...alone, ops: 2 }) },
  { id: 'H11', mistake: 'what frees a frame frees it twice', subject: here('h11-freed-twice'), repaired: here('h11-repaired'), preemptions: 0, invariant: 'FP-OWN-1', commands: 4, phases: exhaustive({ frames: 1, ...alone, ops: 4 }) },
];
