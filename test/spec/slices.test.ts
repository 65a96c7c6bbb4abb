import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { check, type CheckContext, type CheckPlan } from '../../spec/check.ts';
import type { CheckState } from '../../spec/check-state.ts';
import type { Crew } from '../../spec/crew.ts';
import { Frontier, type Slice, type Task, type Work } from '../../spec/frontier.ts';
import { readLitmus } from '../../spec/explore/litmus.ts';
import { LitmusExplorer, runLitmusBy, type LitmusSlice, type LitmusWork } from '../../spec/litmus-slice.ts';
import { presets } from '../../spec/plan.ts';
import type { SubjectReport } from '../../spec/report.ts';
import { judgeDefaults } from '../../spec/scenario-judge.ts';
import { scopeOf } from '../../spec/scope.ts';
import { randomFrom } from '../../spec/seeds.ts';
import { Explorer, type ScenarioSlice, type ScenarioWork } from '../../spec/slice.ts';
import type { LoadedSubject } from '../../spec/subject.ts';
import { parseScenario } from '../../spec/token.ts';
import { load, loadText, planDefaults } from '../support/subjects.ts';

/** A crew whose members are done in an order that a seed decides, and may be halted at any of their pauses. */
class Shuffled<W extends Work, S extends Slice> implements Crew<W, S> {
  readonly #random: () => number;
  readonly #members: readonly { slice(task: Task<W>): Generator<number, S, boolean> }[];
  readonly #under: { readonly ticket: number; readonly running: Generator<number, S, boolean> }[] = [];
  #halted = false;

  constructor(members: readonly { slice(task: Task<W>): Generator<number, S, boolean> }[], seed: number) {
    this.#members = members;
    this.#random = randomFrom(seed);
  }

  wanted(): number {
    return this.#members.length - this.#under.length;
  }

  give(tasks: readonly { readonly ticket: number; readonly task: Task<W> }[]): void {
    for (const { ticket, task } of tasks) {
      // A member works on one task at a time.
      const free = this.#members.find((member) => !this.#under.some(({ running }) => this.#by.get(running) === member));
      if (free === undefined) throw new Error('more tasks than members');
      const running = free.slice(task);
      this.#by.set(running, free);
      this.#under.push({ ticket, running });
    }
  }

  collect(): { ticket: number; slice: S }[] {
    const at = Math.floor(this.#random() * this.#under.length);
    const chosen = this.#under[at];
    if (chosen === undefined) return [];
    for (let pauses = Math.floor(this.#random() * 40); pauses >= 0; pauses--) {
      const next = chosen.running.next(this.#halted);
      if (next.done !== true) continue;
      this.#under.splice(at, 1);
      return [{ ticket: chosen.ticket, slice: structuredClone(next.value) }];
    }
    return [];
  }

  halt(halted: boolean): void {
    this.#halted = halted;
  }

  readonly #by = new Map<Generator<number, S, boolean>, unknown>();
}

const crewOf = (loaded: LoadedSubject, members: number, seed: number) =>
  new Shuffled<ScenarioWork, ScenarioSlice>(Array.from({ length: members }, () => new Explorer(loaded, judgeDefaults)), seed);

/** Runs a check to its end or to the `stopAt`-th question whether to stop. */
function run(loaded: LoadedSubject, plan: CheckPlan, more: Partial<CheckContext> = {}, stopAt = Infinity): { report: SubjectReport; state: CheckState | undefined } {
  let asked = 0;
  let state: CheckState | undefined;
  const running = check(loaded, plan, { now: () => 0, stop: () => ++asked > stopAt, ...more });
  for (;;) {
    const next = running.next();
    if (next.done === true) return { report: next.value, state };
    if (next.value.kind === 'stopped') state = JSON.parse(JSON.stringify(next.value.state)) as CheckState;
  }
}

const planOf = (more: Partial<CheckPlan>): CheckPlan => ({ ...planDefaults, phases: [], ...more });
const json = JSON.parse(readFileSync(join(import.meta.dirname, '../litmus/sc-litmus.json'), 'utf8')) as { programs: { name: string; expectedExecutionsSC: number; counts: { bruteForceBlocked: number | null } }[] };
const sampledPhase = { strategy: 'random' as const, scope: scopeOf({ frames: 8, chunkFrames: 4, threads: 2, ops: 3, prefixOps: 3, countMax: 8 }), scenarios: 10, executions: 100 };

describe('a tree that is divided has the executions of the whole one', () => {
  const tests = readLitmus(json);
  test.each([1, 2, 5, 64])('litmus programs after every %i runs', (runs) => {
    for (const [at, { name, expectedExecutionsSC, counts }] of json.programs.entries()) {
      if (expectedExecutionsSC > 6000) continue;
      const explorer = new LitmusExplorer({ outcomes: false, bounds: false });
      const frontier = new Frontier<LitmusWork, LitmusSlice>([{ place: 0, test: tests[at] as (typeof tests)[number], runsFirst: runs, runsEach: runs, runsMax: Infinity }], (() => { let n = 0; return () => n++; })());
      const sum = { complete: 0, blocked: 0 };
      for (let next = frontier.take(); next !== undefined; next = frontier.take()) {
        const step = explorer.slice(next.task).next(false);
        frontier.done(next.ticket, step.value as LitmusSlice);
        for (const { slice } of frontier.tell()) for (const kind of ['complete', 'blocked'] as const) sum[kind] += slice?.seen.counts[kind] ?? 0;
      }
      expect(`${name} ${sum.complete} ${sum.blocked}`).toBe(`${name} ${expectedExecutionsSC} ${counts.bruteForceBlocked ?? sum.blocked}`);
    }
  });

  test('whoever explores which part, and whenever', () => {
    const some = tests.filter((_, at) => (json.programs[at]?.expectedExecutionsSC ?? 0) > 400 && (json.programs[at]?.expectedExecutionsSC ?? 0) < 20_000);
    const totals = (members: number, seed: number) => {
      const crew = new Shuffled<LitmusWork, LitmusSlice>(Array.from({ length: members }, () => new LitmusExplorer({ outcomes: true, bounds: false })), seed);
      return JSON.stringify([...runLitmusBy(crew, some, { outcomes: true, bounds: false, now: () => 0, stop: () => false })].filter((each) => each !== 'wait'));
    };
    expect(some.length).toBeGreaterThan(5);
    expect(new Set([totals(1, 1), totals(2, 2), totals(3, 3), totals(7, 4)]).size).toBe(1);
  });
});

/** Gives one frame to two if A comes last, late in the order in which schedules are explored, unless that bug is repaired. */
const late = (adds: number, bug = true) => () => loadText(`
import { defineSubject } from 'frameproof';
export default defineSubject({
  name: 'late', limits: { framesMax: 1 },
  create: ({ firstFrame }: { firstFrame: number }) => ({ memory: new SharedArrayBuffer(8), firstFrame }),
  attach: ({ memory, firstFrame }: { memory: SharedArrayBuffer; firstFrame: number }, worker: number) => {
    const words = new Int32Array(memory);
    return {
      allocate: () => {
        const first = Atomics.add(words, 1, 1);
        for (let more = 0; more < ${adds - 1}; more++) Atomics.add(words, 1, 1);
        if (${bug} && worker === 0 && first === ${2 * adds}) return firstFrame;
        return Atomics.compareExchange(words, 0, 0, 1) === 0 ? firstFrame : -1;
      },
      free: (frame: number, count: number) => (frame === firstFrame && count === 1 && Atomics.compareExchange(words, 0, 1, 0) === 1 ? 0 : -4),
    };
  },
});`);
const three = parseScenario('f1c2o1 | A: allocate(1) B: allocate(1) C: allocate(1)');

describe('a report does not depend on who explores what, and when', () => {
  const plans: readonly (readonly [string, SubjectReport['verdict'], () => Promise<LoadedSubject>, CheckPlan])[] = [
    ['held, one scenario that is divided', 'held', late(3, false), planOf({ scenarios: [three] })],
    ['held, of an allocator', 'held', () => load('builtin:hybrid'), planOf({ phases: [...presets.smoke.phases.slice(0, 1), sampledPhase] })],
    ['violated late in a scenario that is divided', 'violated', late(4), planOf({ scenarios: [three] })],
    ['violated in the middle of a phase', 'violated', late(1), planOf({ phases: [{ strategy: 'exhaustive', scope: scopeOf({ frames: 1, threads: 3, ops: 1, prefixOps: 1 }) }] })],
    ['cut at a bound', 'inconclusive', late(4, false), planOf({ scenarios: [three], executionsMax: 10_000 })],
  ];

  test.each(plans)('%s', async (_, verdict, subject, plan) => {
    const loaded = await subject();
    const alone = run(loaded, plan).report;
    for (const [members, seed] of [[2, 6], [3, 7]] as const) expect(run(loaded, plan, { crew: crewOf(loaded, members, seed) }).report).toEqual(alone);
    expect(alone.verdict).toBe(verdict);
    expect(alone.coverage.executions).toBeGreaterThan(plan.scenarios.length > 0 ? 4096 : 0);
  });

  test.each(plans)('nor on interruptions: %s', async (_, verdict, subject, plan) => {
    const loaded = await subject();
    const alone = run(loaded, plan).report;
    const notes: (string | undefined)[] = [];
    const goOn = (from: Pick<CheckContext, 'from'>): SubjectReport => {
      // Every other part of the way by a crew.
      const stops = notes.length;
      const byCrew = stops % 2 === 1;
      const { report, state } = run(loaded, plan, { ...(byCrew ? { crew: crewOf(loaded, 2, stops) } : {}), ...from }, Math.ceil((byCrew ? 2 : 25) * 1.5 ** stops));
      if (state === undefined) return report;
      notes.push(report.phases.at(-1)?.note);
      return goOn({ from: state });
    };
    expect(goOn({})).toEqual(alone);
    expect(new Set(notes)).toEqual(new Set(['cut short']));
    expect(alone.verdict).toBe(verdict);
  });
});

test('the guess of what is left falls to nothing', () => {
  const at = json.programs.findIndex(({ name }) => name === 'cinc(N=4)');
  const frontier = new Frontier<LitmusWork, LitmusSlice>([{ place: 0, test: readLitmus(json)[at] as LitmusWork['test'], runsFirst: 500, runsEach: 500, runsMax: Infinity }], (() => { let n = 0; return () => n++; })());
  const explorer = new LitmusExplorer({ outcomes: false, bounds: false });
  const lefts: number[] = [];
  for (let next = frontier.take(); next !== undefined; next = frontier.take()) {
    const running = explorer.slice(next.task);
    let step = running.next(false);
    while (step.done !== true) step = running.next(false);
    frontier.done(next.ticket, step.value);
    lefts.push(frontier.left());
  }
  expect(lefts.length).toBeGreaterThan(20);
  expect(lefts[0]).toBeGreaterThan(0.5);
  expect(lefts.at(-1)).toBe(0);
  expect(lefts.every((left, index) => left >= 0 && left <= (lefts[index - 1] ?? 1))).toBe(true);
});
