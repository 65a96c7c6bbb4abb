import { exhaustive, here, type Canary } from './canary.ts';

/** Defects of a buddy whose lock is released between steps. */
export const concurrent: readonly Canary[] = [
  { id: 'V30', mistake: 'a block between two free lists is invisible', subject: here('v30-in-flight'), repaired: here('v30-repaired'), invariant: 'FP-OOM-1', commands: 2, preemptions: 1, phases: exhaustive({ frames: 2, threads: 2, ops: 1 }) },
  { id: 'V31', mistake: 'both halves of a pair that a free is merging are invisible', subject: here('v31-merging'), repaired: here('v31-v32-v33-repaired'), invariant: 'FP-OOM-1', commands: 3, preemptions: 1, phases: exhaustive({ frames: 2, threads: 2, ops: 1, prefixOps: 1 }) },
  { id: 'V32', mistake: 'two halves freed at once miss each other and are never merged', subject: here('v32-missed-merge'), repaired: here('v31-v32-v33-repaired'), invariant: 'FP-PRB-1', commands: 4, preemptions: 1, phases: exhaustive({ frames: 2, threads: 2, ops: 1, prefixOps: 2 }) },
  { id: 'V33', mistake: 'a frame is taken to be looked at and given back', subject: here('v33-takes-to-look'), repaired: here('v31-v32-v33-repaired'), invariant: 'FP-OOM-1', commands: 2, preemptions: 1, phases: exhaustive({ frames: 2, threads: 2, ops: 1, prefixOps: 1 }) },
  { id: 'V34', mistake: 'a counter lags behind the lists and loses changes', subject: here('v34-late-counter'), repaired: here('v34-repaired'), invariant: 'FP-CNT-1', commands: 2, preemptions: 1, phases: exhaustive({ frames: 2, threads: 2, ops: 1 }) },
];
