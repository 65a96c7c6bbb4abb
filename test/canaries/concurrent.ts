import { exhaustive, here, type Canary } from './canary.ts';

/** Defects of a buddy whose lock is released between steps. */
export const concurrent: readonly Canary[] = [
  { id: 'V30', mistake: 'a block between two free lists is invisible', subject: here('v30-in-flight'), repaired: here('v30-repaired'), invariant: 'FP-OOM-1', commands: 2, preemptions: 1, phases: exhaustive({ frames: 2, threads: 2, ops: 1 }) },
];
