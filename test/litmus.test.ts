import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LitmusError, readLitmus } from '../spec/explore/litmus.ts';
import { runLitmus } from '../spec/litmus.ts';

interface Oracle {
  readonly name: string;
  readonly expectedExecutionsSC: number;
  readonly counts: { readonly bruteForceBlocked: number | null; readonly interleavings: string | null };
  readonly executionsByPreemptionBound?: { readonly bruteForce: readonly number[] };
  readonly finalOutcomesSC?: null | readonly { readonly mem: Record<string, number>; readonly regs: readonly Record<string, number>[] }[];
}

const json = JSON.parse(readFileSync(join(import.meta.dirname, 'litmus/sc-litmus.json'), 'utf8')) as { programs: Oracle[] };
const tests = readLitmus(json);
const run = (index: number, reduced = true) => runLitmus(tests[index] as (typeof tests)[number], { outcomes: true, bounds: reduced, reduced, now: () => 0 });
const sorted = (outcomes: readonly unknown[] | undefined): string[] => (outcomes ?? []).map((outcome) => JSON.stringify(outcome)).sort();

/** Registers that were never set are left out of the oracle's outcomes or 0 in ours. */
const normal = (outcomes: NonNullable<Oracle['finalOutcomesSC']>) =>
  outcomes.map(({ mem, regs }) => ({
    mem: Object.fromEntries(Object.entries(mem).sort()),
    regs: regs.map((each) => Object.fromEntries(Object.entries(each).filter(([, value]) => value !== 0).sort())),
  }));

describe('programs with known execution counts', () => {
  test('there are 131 of them, 129 with counts by preemptions, 124 with all outcomes', () => {
    const has = (key: keyof Oracle) => json.programs.filter((program) => (program[key] ?? null) !== null).length;
    expect([tests.length, has('executionsByPreemptionBound'), has('finalOutcomesSC')]).toEqual([131, 129, 124]);
  });

  test.each(json.programs.map((program, index) => ({ ...program, index })))('$name: $expectedExecutionsSC executions', ({ index, expectedExecutionsSC, executionsByPreemptionBound, finalOutcomesSC, counts }) => {
    const report = run(index);
    expect(report.executions).toBe(expectedExecutionsSC);
    expect(report.blocked).toBe(counts.bruteForceBlocked ?? report.blocked);
    expect(report.byPreemptionBound).toEqual(executionsByPreemptionBound?.bruteForce ?? report.byPreemptionBound);
    expect(report.byPreemptionBound?.at(-1)).toBe(expectedExecutionsSC);
    expect(report.violations).toBeUndefined();
    const outcomes = new Set(sorted(normal(report.outcomes ?? [])));
    expect(outcomes).toEqual(finalOutcomesSC ? new Set(sorted(normal(finalOutcomesSC))) : outcomes);
  });

  test('less than half a percent of all runs are redundant', () => {
    const reports = tests.filter(({ name }) => name !== 'fib_bench' && name !== 'big0').map((each) => runLitmus(each, { outcomes: false, bounds: false, reduced: true, now: () => 0 }));
    const redundant = reports.reduce((sum, report) => sum + report.redundant, 0);
    expect(redundant / (317_278 + redundant)).toBeLessThan(0.005);
  });

  test('without reduction every interleaving is run, and the outcomes are the same', () => {
    json.programs.forEach(({ name, counts }, index) => {
      const known = Number(counts.interleavings ?? NaN);
      if (!(known > 0 && known <= 2000)) return;
      const reduced = run(index);
      const unreduced = run(index, false);
      expect(`${name} ${unreduced.executions}`).toBe(`${name} ${counts.interleavings}`);
      expect(sorted(unreduced.outcomes)).toEqual(sorted(reduced.outcomes));
    });
  });
});

describe('what is asserted of a program', () => {
  const found = (program: object): string[] => {
    const [only] = readLitmus({ name: 'p', initial: { x: 0, y: 0 }, ...program });
    const { violations = [] } = runLitmus(only as NonNullable<typeof only>, { outcomes: false, bounds: false, reduced: true, now: () => 0 });
    return violations.map(({ kind, where }) => `${kind} ${where}`).sort();
  };
  const load = (cell: string, reg: string) => ({ op: 'load', cell, reg });
  const store = (cell: string, more: object = {}) => ({ op: 'store', cell, val: 1, ...more });
  const locked = (first: string, second: string) => [first, second].flatMap((cell) => [{ op: 'cas', cell, expected: 0, desired: 1, reg: 'got' }, { op: 'assume', cond: ['==', 'got', 0] }]);
  const unlocked = [{ op: 'store', cell: 'x', val: 0 }, { op: 'store', cell: 'y', val: 0 }];
  const onlyIf = (cond: unknown, ...steps: readonly object[]): unknown => JSON.parse(`{ "op": "if", "cond": ${JSON.stringify(cond)}, "then": ${JSON.stringify(steps)} }`);
  const buffering = [[store('x'), load('y', 'a')], [store('y'), load('x', 'b')]];
  const published = (more: object) => [[store('x', { plain: true }), store('y', more)], [load('y', 'seen'), onlyIf('seen', { ...load('x', 'got'), plain: true }, { op: 'assert', cond: ['==', 'got', 1] })]];

  test.each([
    ['an assertion that holds', { threads: [[store('x'), load('x', 'a'), { op: 'assert', cond: 'a' }]] }, []],
    ['an assertion that fails in one order only', { threads: [[store('x')], [load('x', 'a'), onlyIf(['==', 'a', 0], { op: 'assert', cond: 'a' })]] }, ['assert threads[1][1].then[0]']],
    ['two assertions', { threads: [[store('x')], [load('x', 'a'), { op: 'assert', cond: 'a' }, { op: 'assert', cond: ['!', 'a'] }]] }, ['assert threads[1][1]', 'assert threads[1][2]']],
    ['store buffering never has two zeros', { threads: buffering, finalAssert: ['||', 'a', 'b'] }, []],
    ['store buffering may have two ones', { threads: buffering, finalAssert: ['!', ['&&', '0:a', '1:b']] }, ['finalAssert finalAssert']],
    ['final memory', { threads: [[store('x')], [{ op: 'add', cell: 'x', val: 1 }]], finalAssert: ['==', 'x', 2] }, ['finalAssert finalAssert']],
    ['a plain store beside a load', { threads: [[store('x', { plain: true })], [load('x', 'a')]] }, ['race threads[0][0] and threads[1][0]']],
    ['a plain store that an atomic one publishes', { threads: published({}) }, []],
    ['a plain store that a plain one cannot publish', { threads: published({ plain: true }) }, ['race threads[0][1] and threads[1][0]']],
    ['two locks in one order', { threads: [[...locked('x', 'y'), ...unlocked], [...locked('x', 'y'), ...unlocked]], mustFinish: false }, []],
    ['an unmet assumption where all must finish', { threads: [[...locked('x', 'y')], [...locked('y', 'x')]], mustFinish: true }, ['deadlock mustFinish']],
  ])('%s', (_, program, wrong) => {
    expect(found(program)).toEqual(wrong);
  });
});

describe('a file that is not in the notation is refused with its place', () => {
  test.each([
    [{ programs: 3 }, 'programs'],
    [{ name: 'x', initial: { x: 0 }, threads: [[{ op: 'swap', cell: 'x' }]] }, 'programs[0].threads[0][0].op'],
    [{ name: 'x', initial: { x: 0 }, threads: [[{ op: 'load', cell: 'y' }]] }, 'programs[0].threads[0][0].cell'],
    [{ name: 'x', initial: { x: 0 }, threads: [[{ op: 'store', cell: 'x', val: ['**', 1, 2] }]] }, 'programs[0].threads[0][0].val'],
    [{ name: 'x', initial: { x: 0.5 }, threads: [[]] }, 'programs[0].initial.x'],
    [{ name: 'x', initial: { x: 0 }, threads: [[{ op: 'add', cell: 'x', val: 1, plain: true }]] }, 'programs[0].threads[0][0].plain'],
    [{ name: 'x', initial: { x: 0 }, threads: [[{ op: 'load', cell: 'x', plain: 1 }]] }, 'programs[0].threads[0][0].plain'],
    [{ name: 'x', initial: { x: 0 }, threads: [[{ op: 'assert' }]] }, 'programs[0].threads[0][0].cond'],
    [{ name: 'x', initial: { x: 0 }, threads: [[]], mustFinish: 'yes' }, 'programs[0].mustFinish'],
    [{ name: 'x', initial: { x: 0 }, threads: [[]], finalAssert: ['==', 'z', 0] }, 'programs[0].finalAssert'],
    [{ name: 'x', initial: { x: 0 }, threads: [[{ op: 'set', reg: 'a', val: 1 }], [{ op: 'set', reg: 'a', val: 1 }]], finalAssert: 'a' }, 'programs[0].finalAssert'],
  ])('%j', (file, place) => {
    let found: unknown;
    try {
      readLitmus(file);
    } catch (error) {
      found = error;
    }
    expect(found).toBeInstanceOf(LitmusError);
    expect((found as LitmusError).place).toBe(place);
  });
});
