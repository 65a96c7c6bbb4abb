import type { Geometry } from '../../spec/contract.ts';
import { runAtOnce } from '../../spec/explore/link.ts';
import type { Phase } from '../../spec/plan.ts';
import { scopeOf } from '../../spec/scope.ts';
import type { LoadedSubject } from '../../spec/subject.ts';
import { moduleHost } from '../../cli/module-host.ts';
import { load, runCheck } from '../support/subjects.ts';
import { settled } from './settled.ts';

/** One of the checks that mutants of the allocator are run against. */
export interface MutationCheck {
  readonly name: string;
  readonly subject: string;
  /** Why the allocator does not pass; undefined: it does. */
  run(loaded: LoadedSubject): string | undefined;
}

interface Group {
  readonly name: string;
  readonly phases: readonly Phase[];
  /** Times, about twice what the allocator takes, that the check may ask whether to stop: a mutant that never ends is not to be explored to the end. */
  readonly slices: number;
}

const small = (part: Parameters<typeof scopeOf>[0]): Phase => ({ strategy: 'exhaustive', scope: scopeOf(part) });
const sampled = (scenarios: number, executions: number, part: Parameters<typeof scopeOf>[0]): Phase => ({ strategy: 'random', scope: scopeOf(part), scenarios, executions });
const marks = { low: 5, min: 3, critical: 1, gap: 2 };

/** All quick and deterministic, the cheapest first. What larger presets find beyond these is not counted. */
const groups: readonly Group[] = [
  { name: 'longer ones, sampled', slices: 200, phases: [
    sampled(40, 40, { frames: 8, chunkFrames: 4, threads: 2, ops: 3, prefixOps: 3, countMax: 8 }),
    sampled(20, 20, { frames: 13, chunkFrames: 4, firstFrame: 2, threads: 2, ops: 3, prefixOps: 4, countMax: 9 }),
  ] },
  { name: 'alone, sampled', slices: 1000, phases: [
    sampled(150, 1, { frames: 12, chunkFrames: 4, threads: 1, ops: 8, prefixOps: 6, countMax: 6 }),
    sampled(100, 1, { frames: 70, chunkFrames: 32, firstFrame: 5, reserved: [{ start: 9, count: 3 }, { start: 40, count: 1 }], threads: 1, ops: 10, prefixOps: 8, countMax: 40 }),
    sampled(100, 1, { frames: 40, chunkFrames: 8, firstFrame: 3, maxOrder: 3, marks: { low: 20, min: 10, critical: 5, gap: 2 }, threads: 1, ops: 10, prefixOps: 8, countMax: 8 }),
  ] },
  { name: 'alone, with every misuse', slices: 5000, phases: [
    small({ frames: 6, chunkFrames: 4, firstFrame: 6, threads: 1, ops: 3, misuse: true, countMax: 2 }),
    small({ frames: 8, chunkFrames: 4, reserved: [{ start: 5, count: 1 }], threads: 1, ops: 2, misuse: true }),
    small({ frames: 12, chunkFrames: 4, threads: 1, ops: 2, prefixOps: 1, countMax: 9 }),
  ] },
  { name: 'two threads, a command each', slices: 1500, phases: [
    small({ frames: 2, chunkFrames: 2, threads: 2, ops: 1, prefixOps: 2 }),
    small({ frames: 7, chunkFrames: 4, threads: 2, ops: 1, countMax: 7 }),
    small({ frames: 8, chunkFrames: 4, threads: 2, ops: 1, countMax: 4, marks }),
    small({ frames: 4, chunkFrames: 4, threads: 2, ops: 1, prefixOps: 1 }),
  ] },
];

function explored({ phases, slices }: Group, loaded: LoadedSubject): string | undefined {
  let asked = 0;
  const stop = () => ++asked > slices;
  // No execution of these scopes takes as many steps.
  const { verdict, violations } = runCheck(loaded, phases, { shrinkExecutions: 0, executionsMax: 30_000, judge: { stepsMax: 600, intervals: true } }, stop);
  return verdict === 'held' ? undefined : `${verdict} ${violations.map(({ invariant, message }) => `${invariant}: ${message}`).join()}`;
}

const fair: Geometry = { frames: 8, firstFrame: 0, chunkFrames: 4, maxOrder: 3, workers: 1, reserved: [] };
const impossible: readonly Partial<Geometry>[] = [
  { chunkFrames: 3 }, { chunkFrames: 0 }, { frames: 0 }, { frames: 2.5 }, { firstFrame: -1 },
];

/** Whether every geometry that no allocator could lay out is refused, and one that any could is not. */
function refuses(loaded: LoadedSubject): string | undefined {
  const isRefused = (part: Partial<Geometry>): boolean => {
    try {
      runAtOnce(loaded.subject.create({ ...fair, ...part }));
      return false;
    } catch (error) {
      if (error instanceof RangeError) return true;
      throw error;
    }
  };
  if (isRefused({})) return 'refuses a fair geometry';
  const taken = impossible.find((part) => !isRefused(part));
  return taken === undefined ? undefined : `takes ${JSON.stringify(taken)}`;
}

export const mutationChecks: readonly MutationCheck[] = [
  { name: 'refuses what cannot be laid out', subject: 'builtin:hybrid', run: refuses },
  ...groups.flatMap((group) => ['builtin:hybrid', 'builtin:hybrid-narrow'].map((subject): MutationCheck => ({ name: group.name, subject, run: (loaded) => explored(group, loaded) }))),
];

/** A subject to run checks on: with one mutant, or with Stryker's switches left in, or as it is. */
export const loadMutant = (subject: string, mutant: string | undefined): Promise<LoadedSubject> => load(subject, [], (path) => settled(moduleHost.read(path), mutant));
