import { describe, expect, test } from 'vitest';
import { check } from '../spec/check.ts';
import { scopeOf } from '../spec/scope.ts';
import { parseScenario } from '../spec/token.ts';
import { load, loadText, planDefaults, runCheck } from './support/subjects.ts';

/** A correct allocator of one frame; `more` is added to its handle, `allocate` runs before it answers. */
const subject = (more: string, allocate = '', create = ''): string => `
import { defineSubject } from 'frameproof';
export default defineSubject({
  name: 'one', limits: { framesMax: 1 },
  create: ({ firstFrame }: { firstFrame: number }) => { ${create} const memory = new SharedArrayBuffer(4); return { memory, firstFrame }; },
  attach: ({ memory, firstFrame }: { memory: SharedArrayBuffer; firstFrame: number }) => {
    const words = new Int32Array(memory);
    return {
      allocate: () => { const found = Atomics.compareExchange(words, 0, 0, 1); ${allocate} return found === 0 ? firstFrame : -1; },
      free: (frame: number, count: number) => (frame === firstFrame && count === 1 && Atomics.compareExchange(words, 0, 1, 0) === 1 ? 0 : -4), ${more}
    };
  },
});`;
const phases = [{ strategy: 'exhaustive' as const, scope: scopeOf({ frames: 1, threads: 2, ops: 1, prefixOps: 1 }) }];

describe('a verdict', () => {
  test('held counts only invariants that were judged', async () => {
    const bare = runCheck(await loadText(subject('')), phases);
    const counting = runCheck(await loadText(subject('framesFree: () => 1 - Atomics.load(words, 0),')), phases);
    expect([bare.verdict, counting.verdict]).toEqual(['held', 'held']);
    expect(counting.invariantsHeld).toBe(bare.invariantsHeld + 1);
  });

  test('is never held when nothing was run', async () => {
    const report = runCheck(await loadText(subject('')), [{ strategy: 'exhaustive', scope: scopeOf({ frames: 8, threads: 2, ops: 1 }) }]);
    expect(report.verdict).toBe('inconclusive');
    expect(report.phases[0]?.note).toMatch(/left out: 8 frames/);
  });

  test('is inconclusive when a scenario planned as exhaustive has more executions than allowed', async () => {
    const report = runCheck(await load('builtin:hybrid'), [{ strategy: 'exhaustive', scope: scopeOf({ frames: 2, threads: 2, ops: 1 }) }], { executionsMax: 3 });
    expect(report.verdict).toBe('inconclusive');
    expect(report.coverage.exhausted).toBe(false);
  });

  test('is inconclusive when executions reach the limit of steps', async () => {
    const spinning = await loadText(`
import { defineSubject } from 'frameproof';
export default defineSubject({
  name: 'unmarked-spin', limits: { framesMax: 1 },
  create: ({ firstFrame }: { firstFrame: number }) => ({ memory: new SharedArrayBuffer(8), firstFrame }),
  attach: ({ memory, firstFrame }: { memory: SharedArrayBuffer; firstFrame: number }) => {
    const words = new Int32Array(memory);
    const locked = (from: number, to: number): boolean => {
      while (Atomics.exchange(words, 1, 1) === 1);
      const done = Atomics.compareExchange(words, 0, from, to) === from;
      Atomics.store(words, 1, 0);
      return done;
    };
    return {
      allocate: () => (locked(0, 1) ? firstFrame : -1),
      free: (frame: number, count: number) => (frame === firstFrame && count === 1 && locked(1, 0) ? 0 : -4),
    };
  },
});`);
    const report = runCheck(spinning, [], { scenarios: [parseScenario('f1c2o1 | A: allocate(1) B: allocate(1)')], judge: { stepsMax: 60, intervals: true }, executionsMax: 1000 });
    expect(report.coverage.incomplete).toBeGreaterThan(0);
    expect(report.violations).toEqual([]);
    expect(report.verdict).toBe('inconclusive');
  });
});

describe('what an operation throws or returns', () => {
  test.each([
    ['in a thread', "if (found === 1) throw new Error('full');", 'FP-EXC-1'],
    ['only when it is asked at the end', "if (found === 1 && firstFrame === 0) throw new Error('full');", 'FP-EXC-1'],
    ['no number', 'if (found === 1) return undefined as never;', 'FP-EXC-1'],
  ])('%s is a violation', async (_, allocate, invariant) => {
    expect(runCheck(await loadText(subject('', allocate)), phases).violations[0]?.invariant).toBe(invariant);
  });

  test('a search that never ends is a violation', async () => {
    expect(runCheck(await loadText(subject('', 'while (Atomics.load(words, 0) === 1 && found === 1);')), phases).violations.map(({ invariant }) => invariant)).toEqual(['FP-PRG-1']);
  });

  test('an operation of a thread that never ends is a violation, whatever the others do between theirs', async () => {
    const endless = await loadText(subject('', '').replace('allocate: () => {', 'allocate: (count: number) => { while (count > 1) Atomics.load(words, 0);').replace("name: 'one'", "name: 'one', features: { contiguous: true }"));
    const report = runCheck(endless, [], { scenarios: [parseScenario('f1c2o1 | A: allocate(1) B: allocate(2)')], shrinkExecutions: 0 });
    expect(report.violations.map(({ invariant, message }) => [invariant, /does not end/.test(message)])).toEqual([['FP-PRG-1', true]]);
  });

  test.each([['undefined as never', 0], ['Number.NaN', 0], ['0.9', 0]])('an index %s means the element that JavaScript takes', async (index) => {
    const odd = await loadText(subject('').replace('Atomics.compareExchange(words, 0, 0, 1); ', `Atomics.compareExchange(words, ${index}, 0, 1); `));
    expect(runCheck(odd, phases).verdict).toBe('held');
  });

  test('what create() throws is told as the subject\'s own', async () => {
    const loaded = await loadText(subject('', '', "throw new RangeError('too small');"));
    expect(() => runCheck(loaded, phases)).toThrow("create() of 'one' threw RangeError: too small");
  });
});

test('a long scenario can be stopped in its middle', async () => {
  let time = 0;
  let stopped = false;
  const scenario = parseScenario('f2c2o1 | A: allocate(1); allocate(1); allocate(1) B: allocate(1); allocate(1); allocate(1)');
  const run = check(await load('builtin:hybrid'), { ...planDefaults, phases: [], scenarios: [scenario], executionsMax: 1_000_000 }, { stop: () => stopped, now: () => (time += 50) });
  let next = run.next();
  for (; next.done !== true; next = run.next()) if (next.value.kind === 'progress') stopped = true;
  expect(next.value.verdict).toBe('inconclusive');
  expect(next.value.coverage.executions).toBeLessThan(2000);
  expect(next.value.phases[0]?.note).toBe('cut short');
});

test('an invariant that is asked for is found behind an earlier one that is not', async () => {
  const racing = await loadText(subject('').replace('Atomics.compareExchange(words, 0, 0, 1);', 'words[0]; words[0] = 1;'));
  const found = (invariants: readonly string[]) => runCheck(racing, phases, { invariants }).violations.map(({ invariant }) => invariant);
  expect([found([]), found(['FP-OWN-1']), found(['FP-ALN-3'])]).toEqual([['FP-RAC-1'], ['FP-OWN-1'], []]);
});

test('a package that is used as it is, is named', async () => {
  const loaded = await loadText(subject(''));
  expect(loaded.packages).toEqual([]);
  expect(runCheck({ ...loaded, packages: ['some-package'] }, phases).notes.join()).toMatch(/not explored: what some-package does to shared memory is not seen/);
});
