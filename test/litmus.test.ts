import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LitmusError, readLitmus } from '../spec/explore/litmus.ts';
import { runLitmus } from '../spec/litmus.ts';

interface Oracle {
  readonly name: string;
  readonly expectedExecutionsSC: number;
  readonly counts: { readonly bruteForceBlocked: number | null; readonly interleavings: string | null };
  readonly finalOutcomesSC?: null | readonly { readonly mem: Record<string, number>; readonly regs: readonly Record<string, number>[] }[];
}

const json = JSON.parse(readFileSync(join(import.meta.dirname, 'litmus/sc-litmus.json'), 'utf8')) as { programs: Oracle[] };
const tests = readLitmus(json);
const run = (index: number, reduced = true) => runLitmus(tests[index] as (typeof tests)[number], { outcomes: true, reduced, now: () => 0 });
const sorted = (outcomes: readonly unknown[] | undefined): string[] => (outcomes ?? []).map((outcome) => JSON.stringify(outcome)).sort();

/** Registers that were never set are left out of the oracle's outcomes or 0 in ours. */
const normal = (outcomes: NonNullable<Oracle['finalOutcomesSC']>) =>
  outcomes.map(({ mem, regs }) => ({
    mem: Object.fromEntries(Object.entries(mem).sort()),
    regs: regs.map((each) => Object.fromEntries(Object.entries(each).filter(([, value]) => value !== 0).sort())),
  }));

describe('programs with known execution counts', () => {
  test('there are 131 of them', () => {
    expect(tests.length).toBe(131);
  });

  test.each(json.programs.map((program, index) => ({ ...program, index })))('$name: $expectedExecutionsSC executions', ({ index, expectedExecutionsSC, finalOutcomesSC, counts }) => {
    const report = run(index);
    expect(report.executions).toBe(expectedExecutionsSC);
    expect(report.blocked).toBe(counts.bruteForceBlocked ?? report.blocked);
    const outcomes = new Set(sorted(normal(report.outcomes ?? [])));
    expect(outcomes).toEqual(finalOutcomesSC ? new Set(sorted(normal(finalOutcomesSC))) : outcomes);
  });

  test('less than half a percent of all runs are redundant', () => {
    const reports = tests.filter(({ name }) => name !== 'fib_bench' && name !== 'big0').map((each) => runLitmus(each, { outcomes: false, reduced: true, now: () => 0 }));
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

describe('a file that is not in the notation is refused with its place', () => {
  test.each([
    [{ programs: 3 }, 'programs'],
    [{ name: 'x', initial: { x: 0 }, threads: [[{ op: 'swap', cell: 'x' }]] }, 'programs[0].threads[0][0].op'],
    [{ name: 'x', initial: { x: 0 }, threads: [[{ op: 'load', cell: 'y' }]] }, 'programs[0].threads[0][0].cell'],
    [{ name: 'x', initial: { x: 0 }, threads: [[{ op: 'store', cell: 'x', val: ['**', 1, 2] }]] }, 'programs[0].threads[0][0].val'],
    [{ name: 'x', initial: { x: 0.5 }, threads: [[]] }, 'programs[0].initial.x'],
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
