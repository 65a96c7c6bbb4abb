import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { InvariantId } from '../spec/invariants.ts';
import type { Phase } from '../spec/plan.ts';
import { scopeOf, type Scope } from '../spec/scope.ts';
import { load, runCheck, type Plant } from './support/subjects.ts';

const here = (name: string): string => join(import.meta.dirname, 'canaries', `${name}.subject.ts`);
const exhaustive = (scope: Partial<Scope> & Pick<Scope, 'frames' | 'threads' | 'ops'>): Phase[] => [{ strategy: 'exhaustive', scope: scopeOf(scope) }];

interface Canary {
  readonly id: string;
  readonly subject: string;
  readonly plants?: readonly Plant[];
  /** The same without its mistake. */
  readonly repaired: string;
  readonly invariant: InvariantId;
  /** Commands of the smallest scenario known when the canary was written. */
  readonly commands: number;
  readonly phases: readonly Phase[];
  /** Left out: the canary's phases. */
  readonly repairedPhases?: readonly Phase[];
}

const canaries: readonly Canary[] = [
  { id: 'V01', subject: here('v01-range'), repaired: here('v01-repaired'), invariant: 'FP-RNG-1', commands: 2, phases: exhaustive({ frames: 2, threads: 2, ops: 2 }) },
  { id: 'V03', subject: here('v03-falls-through'), repaired: here('v03-v04-repaired'), invariant: 'FP-FRE-1', commands: 3, phases: exhaustive({ frames: 2, threads: 1, ops: 4 }) },
  { id: 'V03, owned twice', subject: here('v03-falls-through'), repaired: here('v03-v04-repaired'), invariant: 'FP-OWN-1', commands: 5, phases: exhaustive({ frames: 2, threads: 1, ops: 5 }) },
  { id: 'V04', subject: here('v04-double-free'), repaired: here('v03-v04-repaired'), invariant: 'FP-FRE-1', commands: 3, phases: exhaustive({ frames: 2, threads: 1, ops: 4 }) },
  { id: 'V20', subject: here('v20-neighbour'), repaired: here('v20-repaired'), invariant: 'FP-FRE-1', commands: 3, phases: exhaustive({ frames: 4, threads: 1, ops: 3 }) },
  { id: 'V30', subject: here('v30-in-flight'), repaired: here('v30-repaired'), invariant: 'FP-OOM-1', commands: 2, phases: exhaustive({ frames: 2, threads: 2, ops: 1 }) },
  {
    id: 'D3', subject: 'builtin:hybrid-narrow', repaired: 'builtin:hybrid-narrow', invariant: 'FP-REF-1', commands: 3,
    plants: [{ file: 'impl/small-runs.ts', from: 'for (let back = word - 1; back >= firstWord; back--) releasePiece(core, back, bitsIn(back, from, count, entries), back === firstWord);', to: '' }],
    phases: exhaustive({ frames: 4, chunkFrames: 4, threads: 2, ops: 1, prefixOps: 1 }),
  },
];

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
