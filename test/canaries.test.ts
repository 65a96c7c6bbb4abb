import { describe, expect, test } from 'vitest';
import { canaries } from './canaries/index.ts';
import { exhaustive, here } from './canaries/canary.ts';
import { load, runCheck } from './support/subjects.ts';

describe('canaries: planted bugs that must be found', () => {
  test.each(canaries)('$id breaks $invariant with at most one command more than the smallest known', async ({ subject, plants, invariant, commands, phases }) => {
    const report = runCheck(await load(subject, plants), phases, { invariants: [invariant] });
    expect(report.verdict).toBe('violated');
    expect(report.violations.map((violation) => violation.invariant)).toEqual([invariant]);
    expect(report.violations[0]?.counterexample.commands).toBeLessThanOrEqual(commands + 1);
  });

  test.each(canaries)('$id repaired holds in the same scope', async ({ repaired, phases, repairedPhases }) => {
    const report = runCheck(await load(repaired), repairedPhases ?? phases);
    expect(report.violations).toEqual([]);
    expect(report.verdict).toBe('held');
    expect(report.coverage.exhausted).toBe(true);
  });
});

describe('an owner-local flag that makes allocate answer out-of-memory beside a free', () => {
  const phases = exhaustive({ frames: 1, chunkFrames: 1, threads: 2, ops: 2, prefixOps: 1 });

  test('is found when returns and invocations are dependent', async () => {
    const report = runCheck(await load(here('own-flag')), phases);
    expect(report.violations.map(({ invariant, layer }) => ({ invariant, layer }))).toEqual([{ invariant: 'FP-OOM-1', layer: 'history' }]);
  });

  test('is hidden by reduction when they are not', async () => {
    const judge = { stepsMax: 2000, intervals: false };
    const report = runCheck(await load(here('own-flag')), phases, { judge, invariants: ['FP-OOM-1', 'FP-LIN-1'] });
    expect(report.verdict).toBe('held');
    expect(report.coverage.executions).toBeGreaterThan(0);
  });
});
