import { exhaustive, here, type Canary } from './canary.ts';

/** Defects of the pseudo-code in the design document. */
export const design: readonly Canary[] = [
  { id: 'D1', mistake: 'the search goes around for ever when nothing fits', subject: here('d1-endless-search'), repaired: here('d1-d4-d5-d6-repaired'), invariant: 'FP-PRG-1', commands: 2, preemptions: 0, phases: exhaustive({ frames: 1, threads: 1, ops: 2 }) },
  { id: 'D2', mistake: 'modulo by zero on an empty pool', subject: here('d2-modulo-by-zero'), repaired: here('d2-repaired'), invariant: 'FP-EXC-1', commands: 1, preemptions: 0, phases: exhaustive({ frames: 2, reserved: [{ start: 0, count: 2 }], threads: 1, ops: 2 }) },
  {
    id: 'D3', mistake: 'a claim of several words has no rollback', subject: 'builtin:hybrid-narrow', repaired: 'builtin:hybrid-narrow', invariant: 'FP-REF-1', commands: 3, preemptions: 1,
    plants: [{ file: 'impl/small-runs.ts', from: '  releaseFrames(core, from, taken, true);\n', to: '' }],
    phases: exhaustive({ frames: 4, chunkFrames: 4, threads: 2, ops: 1, prefixOps: 1 }),
  },
  { id: 'D4', mistake: 'the count of free frames is never updated', subject: here('d4-count-never-moves'), repaired: here('d1-d4-d5-d6-repaired'), invariant: 'FP-CNT-1', commands: 1, preemptions: 0, phases: exhaustive({ frames: 3, threads: 1, ops: 3 }) },
  { id: 'D5', mistake: 'the hint can equal the number of frames', subject: here('d5-hint-at-the-end'), repaired: here('d1-d4-d5-d6-repaired'), invariant: 'FP-EXC-1', commands: 2, preemptions: 0, phases: exhaustive({ frames: 2, threads: 1, ops: 3 }) },
  { id: 'D6', mistake: 'bits past the last frame are unspecified', subject: here('d6-bits-past-the-end'), repaired: here('d1-d4-d5-d6-repaired'), invariant: 'FP-RNG-1', commands: 1, preemptions: 0, phases: exhaustive({ frames: 3, threads: 1, ops: 2, countMax: 4 }) },
  { id: 'D7', mistake: 'locks are there and not taken', subject: here('d7-locks-not-taken'), repaired: here('d7-d8-d10-repaired'), invariant: 'FP-OWN-1', commands: 2, preemptions: 1, phases: exhaustive({ frames: 2, threads: 2, ops: 1 }) },
  { id: 'D7, no free', mistake: 'there is no free', subject: here('d7-no-free'), repaired: here('d7-d8-d10-repaired'), invariant: 'FP-FRE-2', commands: 2, preemptions: 0, phases: exhaustive({ frames: 2, threads: 1, ops: 2 }) },
  { id: 'D8', mistake: 'the largest order is left out', subject: here('d8-top-order'), repaired: here('d7-d8-d10-repaired'), invariant: 'FP-OOM-1', commands: 1, preemptions: 0, phases: exhaustive({ frames: 4, threads: 1, ops: 2 }) },
  { id: 'D10', mistake: 'blocks are aligned relative to the first frame', subject: here('d10-relative-alignment'), repaired: here('d7-d8-d10-repaired'), invariant: 'FP-PLC-1', commands: 1, preemptions: 0, phases: exhaustive({ frames: 5, firstFrame: 3, threads: 1, ops: 2, misuse: true }) },
  { id: 'D11', mistake: 'one half of the memory does not fall back to the other', subject: here('d11-no-fallback'), repaired: here('d11-repaired'), invariant: 'FP-OOM-1', commands: 2, preemptions: 0, phases: exhaustive({ frames: 4, chunkFrames: 2, threads: 1, ops: 4 }) },
  { id: 'D13', mistake: 'the pressure falls and never rises', subject: here('d13-never-rises'), repaired: here('d13-repaired'), invariant: 'FP-WMK-1', commands: 2, preemptions: 0, phases: exhaustive({ frames: 4, marks: { low: 3, min: 2, critical: 1, gap: 1 }, threads: 1, ops: 3 }) },
  { id: 'D13, no gap', mistake: 'the pressure rises at the mark', subject: here('d13-rises-at-the-mark'), repaired: here('d13-repaired'), invariant: 'FP-WMK-1', commands: 2, preemptions: 0, phases: exhaustive({ frames: 4, marks: { low: 4, min: 2, critical: 1, gap: 1 }, threads: 1, ops: 3 }) },
];
