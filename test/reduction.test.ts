import { describe, expect, test } from 'vitest';
import { join } from 'node:path';
import { mode } from '../spec/explore/access.ts';
import { Dpor, Unreduced } from '../spec/explore/dpor.ts';
import { explore, type Scheduler } from '../spec/explore/scheduler.ts';
import { enumerate } from '../spec/generate.ts';
import { Models } from '../spec/models.ts';
import { ScenarioJudge } from '../spec/scenario-judge.ts';
import type { Scenario } from '../spec/scenario.ts';
import { scopeOf } from '../spec/scope.ts';
import type { LoadedSubject } from '../spec/subject.ts';
import { parseScenario, printScenario } from '../spec/token.ts';
import { load, loadText } from './support/subjects.ts';

const judge = { stepsMax: 500, intervals: true };
const models = new Models();

/** Every finding (or 'held') that some execution of a scenario has, and how many executions there were; undefined beyond the limit. */
function verdicts(loaded: LoadedSubject, scenario: Scenario, scheduler: Scheduler, executionsMax: number): { found: string[]; executions: number } | undefined {
  mode.live = true;
  const session = new ScenarioJudge(loaded, scenario, models, judge);
  const found = new Set<string>();
  let executions = 0;
  if (session.execution === undefined) return { found: [session.prefixFinding?.invariant ?? 'held'], executions };
  for (const ending of explore(session.execution, scheduler)) {
    if (++executions > executionsMax) return undefined;
    if (ending !== 'redundant') found.add(session.judge(ending)?.invariant ?? 'held');
  }
  return { found: [...found].sort(), executions };
}

const canary = (name: string): string => join(import.meta.dirname, 'canaries', `${name}.subject.ts`);
const limit = 2_000;

describe('reduced and unreduced search find the same', () => {
  test.each([
    ['builtin:hybrid', { frames: 2, chunkFrames: 2, threads: 2, ops: 1, prefixOps: 1 }],
    ['builtin:hybrid-narrow', { frames: 4, chunkFrames: 4, threads: 2, ops: 1, prefixOps: 1 }],
    [canary('v30-in-flight'), { frames: 2, chunkFrames: 2, threads: 2, ops: 2 }],
    [canary('v30-repaired'), { frames: 2, chunkFrames: 2, threads: 2, ops: 2 }],
    [canary('own-flag'), { frames: 1, chunkFrames: 1, threads: 2, ops: 2, prefixOps: 1 }],
  ])('%s', async (target, scope) => {
    const loaded = await load(target);
    let compared = 0;
    for (const scenario of enumerate(scopeOf(scope), loaded.subject.features ?? {})) {
      const unreduced = verdicts(loaded, scenario, new Unreduced(judge.stepsMax), limit);
      if (unreduced === undefined) continue;
      const reduced = verdicts(loaded, scenario, new Dpor(judge.stepsMax, 31), limit);
      expect(`${printScenario(scenario)}: ${reduced?.found.join()}`).toBe(`${printScenario(scenario)}: ${unreduced.found.join()}`);
      compared++;
    }
    expect(compared).toBeGreaterThan(5);
  });
});

describe('a pause blocks until a cell that was read has changed', () => {
  /** The second of two workers waits for the first; `wait` is what stands in its loop. */
  const waiting = (wait: string, wake: string): string => `
    import { defineSubject } from 'frameproof';
    import { pause } from 'frameproof/impl';
    export default defineSubject({
      name: 'waiting', limits: { framesMax: 2 },
      create: ({ firstFrame }) => ({ memory: new SharedArrayBuffer(12), firstFrame }),
      attach: ({ memory, firstFrame }, worker) => {
        const words = new Int32Array(memory);
        return {
          allocate: (_count: number): number => {
            if (worker === 1) { ${wait} }
            const frame = Atomics.add(words, 0, 1);
            if (worker === 0) { ${wake} }
            return frame < 2 ? firstFrame + frame : -1;
          },
          free: (_frame: number, _count: number): number => -4,
        };
      },
    });`;
  const scenario = parseScenario('f2c2o1 | A: allocate(1) B: allocate(1)');

  test('both orders of wake and wait are seen, and none unrolls the loop', async () => {
    const loaded = await loadText(waiting('while (Atomics.load(words, 1) === 0) pause();', 'Atomics.store(words, 1, 1);'));
    const session = new ScenarioJudge(loaded, scenario, models, judge);
    const depths: number[] = [];
    for (const ending of explore(session.execution as NonNullable<typeof session.execution>, new Dpor(judge.stepsMax, 2))) {
      expect(ending).toBe('complete');
      depths.push((session.execution as NonNullable<typeof session.execution>).depth);
    }
    expect(depths.length).toBeGreaterThan(1);
    expect(Math.max(...depths)).toBeLessThanOrEqual(4 + 3 + 5);
  });

  test('a wake that never comes is a deadlock', async () => {
    const loaded = await loadText(waiting('while (Atomics.load(words, 1) === 0) pause();', ''));
    expect(verdicts(loaded, scenario, new Dpor(judge.stepsMax, 2), limit)?.found).toContain('FP-PRG-2');
  });

  test('two cells that can each wake it: the reduced search finds every outcome of the unreduced', async () => {
    const loaded = await loadText(waiting('while (Atomics.load(words, 1) === 0 && Atomics.load(words, 2) === 0) pause();', 'Atomics.store(words, 2, 1); Atomics.store(words, 1, 1);'));
    const outcomes = (scheduler: Scheduler): string[] => {
      const session = new ScenarioJudge(loaded, scenario, models, judge);
      const execution = session.execution as NonNullable<typeof session.execution>;
      const seen = new Set<string>();
      for (const ending of explore(execution, scheduler)) {
        if (ending !== 'complete') continue;
        const { calls } = session.history();
        // Only which call returned before which other began; the order of two invocations means nothing.
        const before = calls.flatMap((one) => calls.flatMap((other) => (one.returned < other.invoked ? [`${one.thread}<${other.thread}`] : [])));
        seen.add([...calls.map(({ thread, response }) => `${thread}:${response}`).sort(), ...before.sort()].join(' '));
      }
      return [...seen].sort();
    };
    expect(outcomes(new Dpor(judge.stepsMax, 2))).toEqual(outcomes(new Unreduced(judge.stepsMax)));
  });
});
