import { exhaustive, type Canary } from './canary.ts';

/** Defects of the pseudo-code in the design document. */
export const design: readonly Canary[] = [
  {
    id: 'D3', mistake: 'a claim of several words has no rollback', subject: 'builtin:hybrid-narrow', repaired: 'builtin:hybrid-narrow', invariant: 'FP-REF-1', commands: 3, preemptions: 1,
    plants: [{ file: 'impl/small-runs.ts', from: '  releaseFrames(core, from, taken, true);\n', to: '' }],
    phases: exhaustive({ frames: 4, chunkFrames: 4, threads: 2, ops: 1, prefixOps: 1 }),
  },
];
