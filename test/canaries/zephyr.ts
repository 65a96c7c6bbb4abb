import { exhaustive, here, type Canary } from './canary.ts';

/** Defects of the buddy pool of Zephyr RTOS, which releases its lock between steps. */
export const zephyr: readonly Canary[] = [
  { id: 'Z01', mistake: 'a block being split is invisible', subject: here('z01-split'), repaired: here('z01-z02-z03-z05-repaired'), invariant: 'FP-OOM-1', commands: 2, preemptions: 1, phases: exhaustive({ frames: 4, threads: 2, ops: 1 }) },
  { id: 'Z01, merging', mistake: 'blocks being merged are invisible', subject: here('z01-merge'), repaired: here('z01-z02-z03-z05-repaired'), invariant: 'FP-OOM-1', commands: 3, preemptions: 1, phases: exhaustive({ frames: 4, threads: 2, ops: 1, prefixOps: 1 }) },
  { id: 'Z02', mistake: 'the second search finds nothing, and the call succeeds', subject: here('z02-success-without-block'), repaired: here('z01-z02-z03-z05-repaired'), invariant: 'FP-OWN-1', commands: 2, preemptions: 1, phases: exhaustive({ frames: 1, threads: 2, ops: 1 }) },
  { id: 'Z03', mistake: 'the level found in a first pass is stale in the second', subject: here('z03-stale-level'), repaired: here('z01-z02-z03-z05-repaired'), invariant: 'FP-OOM-1', commands: 2, preemptions: 1, phases: exhaustive({ frames: 4, threads: 2, ops: 1 }) },
  { id: 'Z04', mistake: "a split checks its last piece against the heap's end", subject: here('z04-overlapping-pieces'), repaired: here('z04-repaired'), invariant: 'FP-OWN-1', commands: 4, preemptions: 0, phases: exhaustive({ frames: 4, threads: 1, ops: 4 }) },
  { id: 'Z05', mistake: 'the search never ends when nothing fits', subject: here('z05-never-ends'), repaired: here('z01-z02-z03-z05-repaired'), invariant: 'FP-PRG-1', commands: 2, preemptions: 0, phases: exhaustive({ frames: 1, threads: 1, ops: 2 }) },
];
