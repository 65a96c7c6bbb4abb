import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Divergence } from '../spec/explore/execution.ts';
import { strategies, type Phase } from '../spec/plan.ts';
import { scopeOf } from '../spec/scope.ts';
import { parseScenario } from '../spec/token.ts';
import { load, loadText, runCheck } from './support/subjects.ts';

const canary = (name: string): string => join(import.meta.dirname, 'canaries', `${name}.subject.ts`);
const scope = scopeOf({ frames: 2, chunkFrames: 2, threads: 2, ops: 2, countMax: 1 });
const phases = {
  exhaustive: { strategy: 'exhaustive', scope },
  bounded: { strategy: 'bounded', scope, preemptions: 2 },
  pct: { strategy: 'pct', scope, scenarios: 20, executions: 100, depth: 2 },
  random: { strategy: 'random', scope, scenarios: 20, executions: 100 },
  portfolio: { strategy: 'portfolio', scope, scenarios: 20, executions: 50, preemptions: 1, depth: 3 },
} as const satisfies Record<string, Phase>;

describe('what a strategy has proven is said', () => {
  test.each([
    ['exhaustive', /^exhausted$/],
    ['bounded', /^exhausted within 2 preemptions$/],
    ['pct', /^sampled, finds a bug of depth 2 with probability ≥ [0-9]{1,2} % in each of the others, \d+ of 20 scenarios exhausted$|^sampled, finds a bug of depth 2 with probability ≥ [0-9]{1,2} % in each scenario$/],
    ['random', /^sampled/],
    ['portfolio', /^sampled, \d+ of 20 scenarios exhausted, \d+ within 1 preemption; finds a bug of depth 3 with probability ≥ [0-9.]+ % in each of the others$/],
  ] as const)('%s', async (strategy, claim) => {
    const report = runCheck(await load('builtin:hybrid'), [phases[strategy]]);
    expect(report.verdict).toBe('held');
    expect(report.phases[0]?.claim).toMatch(claim);
    expect(report.coverage.exhausted).toBe(strategy === 'exhaustive');
    expect(report.phases[0]?.exhausted).toBe(strategy === 'exhaustive');
  });

  test('a bound that hides nothing is no bound', async () => {
    const one = { ...phases.bounded, scope: scopeOf({ frames: 2, chunkFrames: 2, threads: 1, ops: 2, countMax: 1 }) };
    expect(runCheck(await load('builtin:hybrid'), [one]).phases[0]).toMatchObject({ claim: 'exhausted', exhausted: true });
  });

  test('more executions within the bound than allowed leave the verdict open', async () => {
    const report = runCheck(await load('builtin:hybrid'), [phases.bounded], { executionsMax: 5 });
    expect(report.verdict).toBe('inconclusive');
    expect(report.phases[0]).toMatchObject({ exhausted: false, note: 'more than 5 executions of one scenario' });
    expect(report.phases[0]?.claim).toMatch(/^\d+ of \d+ scenarios exhausted within 2 preemptions, not the others$/);
  });
});

describe('every strategy', () => {
  test.each(Object.values(phases).map((phase) => [phase.strategy, phase] as const))('%s finds two owners of a frame, shrunk to the same', async (_, phase) => {
    const report = runCheck(await load(canary('v30-in-flight')), [phase]);
    const again = runCheck(await load(canary('v30-in-flight')), [phases.exhaustive]);
    const found = ({ violations }: typeof report) => violations.map(({ invariant, counterexample: { commands, preemptions } }) => ({ invariant, commands, preemptions }));
    expect(found(report)).toEqual(found(again));
  });

  test('with the same seed tells the same', async () => {
    for (const target of ['builtin:hybrid-narrow', canary('own-flag')]) {
      const loaded = await load(target);
      for (const phase of Object.values(phases)) {
        if (phase.strategy === 'exhaustive' && target.startsWith('builtin')) continue; // draws nothing, and takes long
        const [one, other] = [0, 1].map(() => JSON.stringify(runCheck(loaded, [phase], { seed: 7 })));
        expect(one).toBe(other);
      }
    }
  });

  test('that draws, draws something else with another seed', async () => {
    const loaded = await load('builtin:hybrid-narrow');
    for (const phase of [phases.pct, phases.random, phases.portfolio]) {
      const [one, other] = [7, 8].map((seed) => runCheck(loaded, [phase], { seed }).coverage.steps);
      expect(one).not.toBe(other);
    }
  });

  test('can be asked for', () => {
    expect(Object.keys(phases)).toEqual([...strategies, 'portfolio']);
  });
});

test('the first failure within a bound has the fewest preemptions', async () => {
  const loaded = await load(canary('v30-in-flight'));
  const fewest = runCheck(loaded, [phases.exhaustive]).violations[0]?.counterexample.preemptions as number;
  expect(fewest).toBeGreaterThan(0);
  const below = runCheck(loaded, [{ ...phases.bounded, preemptions: fewest - 1 }], { shrinkExecutions: 0 });
  const at = runCheck(loaded, [{ ...phases.bounded, preemptions: 10 }], { shrinkExecutions: 0 });
  expect(below.verdict).toBe('held');
  expect(at.violations[0]?.counterexample.preemptions).toBe(fewest);
});

describe('a sample of executions is run twice', () => {
  const unsure = (body: string): string => `
    import { defineSubject } from 'frameproof';
    export default defineSubject({
      name: 'unsure', limits: { framesMax: 1 },
      create: ({ firstFrame }: { firstFrame: number }) => ({ memory: new SharedArrayBuffer(8), firstFrame }),
      attach: ({ memory, firstFrame }: { memory: SharedArrayBuffer; firstFrame: number }) => {
        const words = new Int32Array(memory);
        return {
          allocate: () => { const found = Atomics.compareExchange(words, 0, 0, 1); ${body} return found === 0 ? firstFrame : -1; },
          free: (frame: number, count: number) => (frame === firstFrame && count === 1 && Atomics.compareExchange(words, 0, 1, 0) === 1 ? 0 : -4),
        };
      },
    });`;
  const once = { scenarios: [parseScenario('f1c2o1 | A: allocate(1)')] };

  test.each([
    ['a value that is drawn', 'Atomics.store(words, 1, Math.floor(Math.random() * 2 ** 30));', /^A had \d+ at first, and \d+ when/, [2]],
    ['a clock', 'Atomics.store(words, 1, performance.now() * 2 ** 16);', /^A had \d+ at first, and \d+ when/, [2]],
    ['a number of steps that is drawn', 'for (let left = Math.floor(Math.random() * 2 ** 7); left > 0; left--) Atomics.load(words, 1);', /^A did (load|return) at first, and (load|return)/, Array.from({ length: 130 }, (_, at) => 2 + at)],
  ])('%s is found though nothing is violated', async (_, body, message, steps) => {
    const loaded = await loadText(unsure(body));
    let found: unknown;
    // Two draws may be equal: with 128 kinds of them, hardly ten times.
    for (let again = 0; again < 10 && found === undefined; again++) {
      try {
        runCheck(loaded, [], once);
      } catch (error) {
        found = error;
      }
    }
    expect(found).toBeInstanceOf(Divergence);
    expect((found as Divergence).message).toMatch(message);
    expect(steps).toContain((found as Divergence).step);
  });

  test('a subject that decides by its memory alone is not', async () => {
    expect(runCheck(await loadText(unsure('Atomics.store(words, 1, found);')), [], once).verdict).toBe('held');
  });
});
