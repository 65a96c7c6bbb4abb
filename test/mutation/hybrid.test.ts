import { expect, test } from 'vitest';
import type { Phase } from '../../spec/plan.ts';
import { scopeOf } from '../../spec/scope.ts';
import { moduleHost } from '../../cli/module-host.ts';
import { load, runCheck } from '../support/subjects.ts';
import { settled } from './settled.ts';

/**
 * The checks that mutants of the allocator are run against: each quick, deterministic and in process, the cheapest first. What larger
 * presets find beyond these is not counted.
 */
const small = (part: Parameters<typeof scopeOf>[0]): Phase => ({ strategy: 'exhaustive', scope: scopeOf(part) });
interface Group {
  readonly phases: readonly Phase[];
  /** Times, about twice what the allocator takes, that the check may ask whether to stop: a mutant that never ends is not to be explored to the end. */
  readonly slices: number;
}
const groups: Readonly<Record<string, Group>> = {
  'longer ones, sampled': { slices: 200, phases: [
    { strategy: 'random', scope: scopeOf({ frames: 8, chunkFrames: 4, threads: 2, ops: 3, prefixOps: 3, countMax: 8 }), scenarios: 40, executions: 40 },
    { strategy: 'random', scope: scopeOf({ frames: 13, chunkFrames: 4, firstFrame: 2, threads: 2, ops: 3, prefixOps: 4, countMax: 9 }), scenarios: 20, executions: 20 },
  ] },
  'alone, with every misuse': { slices: 5000, phases: [
    small({ frames: 6, chunkFrames: 4, firstFrame: 6, threads: 1, ops: 3, misuse: true, countMax: 2 }),
    small({ frames: 8, chunkFrames: 4, reserved: [{ start: 5, count: 1 }], threads: 1, ops: 2, misuse: true }),
    small({ frames: 12, chunkFrames: 4, threads: 1, ops: 2, prefixOps: 1, countMax: 9 }),
  ] },
  'two threads, a command each': { slices: 1500, phases: [
    small({ frames: 2, chunkFrames: 2, threads: 2, ops: 1, prefixOps: 2 }),
    small({ frames: 7, chunkFrames: 4, threads: 2, ops: 1, countMax: 7 }),
    small({ frames: 8, chunkFrames: 4, threads: 2, ops: 1, countMax: 4, marks: { low: 5, min: 3, critical: 1, gap: 2 } }),
    small({ frames: 4, chunkFrames: 4, threads: 2, ops: 1, prefixOps: 1 }),
  ] },
};
const subjects = ['builtin:hybrid', 'builtin:hybrid-narrow'];

test.each(Object.entries(groups).flatMap(([group, how]) => subjects.map((subject) => ({ group, subject, ...how }))))('$subject, $group: held', async ({ phases, slices, subject }) => {
  const loaded = await load(subject, [], (path) => settled(moduleHost.read(path)));
  let asked = 0;
  const stop = () => ++asked > slices;
  // No execution of these scopes takes as many steps.
  expect(runCheck(loaded, phases, { shrinkExecutions: 0, executionsMax: 30_000, judge: { stepsMax: 300, intervals: true } }, stop).verdict).toBe('held');
});
