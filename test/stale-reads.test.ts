import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { replay } from '../spec/counterexample.ts';
import { printSchedule } from '../spec/decision.ts';
import { mode } from '../spec/explore/access.ts';
import { Dpor, Unreduced } from '../spec/explore/dpor.ts';
import { Execution } from '../spec/explore/execution.ts';
import { litmusProgram, type LitmusStep, type LitmusTest } from '../spec/explore/litmus.ts';
import { BoundedPreemptions } from '../spec/explore/preemptions.ts';
import { explore, exhausted, type Scheduler } from '../spec/explore/scheduler.ts';
import { staleMost } from '../spec/explore/stale-reads.ts';
import { turnOf } from '../spec/explore/turn.ts';
import { limitsOf, runLitmus } from '../spec/litmus.ts';
import type { ViolationReport } from '../spec/report.ts';
import { Models } from '../spec/models.ts';
import { judgeDefaults, ScenarioJudge } from '../spec/scenario-judge.ts';
import { scopeOf } from '../spec/scope.ts';
import { randomFrom } from '../spec/seeds.ts';
import { parseReplay, parseScenario } from '../spec/token.ts';
import { outcomesByHand } from './litmus/by-hand.ts';
import { load, loadText, runCheck } from './support/subjects.ts';

const peek = (cell: string, reg: string): LitmusStep => ({ op: 'load', cell, reg, hint: true });
const poke = (cell: string, val: number): LitmusStep => ({ op: 'store', cell, val, hint: true });
const read = (cell: string, reg: string): LitmusStep => ({ op: 'load', cell, reg });
const write = (cell: string, val: number): LitmusStep => ({ op: 'store', cell, val });
const add = (cell: string, reg: string): LitmusStep => ({ op: 'add', cell, val: 1, reg });
const program = (name: string, threads: readonly (readonly LitmusStep[])[]): LitmusTest => ({ name, initial: { x: 0, y: 0, f: 0, g: 0 }, threads });

/** Registers of every complete execution, as sorted texts such as `a=0 b=1`. */
function seen(litmus: LitmusTest): string[] {
  const { outcomes = [] } = runLitmus(litmus, { outcomes: true, bounds: false, reduced: true, now: () => 0 });
  return [...new Set(outcomes.map(({ regs }) => regs.flatMap((each) => Object.entries(each).map(([name, value]) => `${name}=${value}`)).sort().join(' ')))].sort();
}

describe('what a hint read may give', () => {
  test('store buffering: both threads may miss the other one\'s write', () => {
    expect(seen(program('SB', [[poke('x', 1), peek('y', 'a')], [poke('y', 1), peek('x', 'b')]]))).toEqual(['a=0 b=0', 'a=0 b=1', 'a=1 b=0', 'a=1 b=1']);
  });

  test('store buffering with atomic accesses stays invisible', () => {
    expect(seen(program('SB atomic', [[write('x', 1), read('y', 'a')], [write('y', 1), read('x', 'b')]]))).toEqual(['a=0 b=1', 'a=1 b=0', 'a=1 b=1']);
  });

  test('two reads of one cell have no order: the second may give the older write', () => {
    expect(seen(program('CoRR', [[poke('x', 1)], [peek('x', 'a'), peek('x', 'b')]]))).toContain('a=1 b=0');
  });

  test('message passing by plain accesses alone passes nothing', () => {
    expect(seen(program('MP', [[poke('x', 1), poke('f', 1)], [peek('f', 'a'), peek('x', 'b')]]))).toContain('a=1 b=0');
  });

  test('message passing by an atomic flag hides the older write', () => {
    expect(seen(program('MP atomic', [[poke('x', 1), write('f', 1)], [read('f', 'a'), peek('x', 'b')]]))).toEqual(['a=0 b=0', 'a=0 b=1', 'a=1 b=1']);
  });

  test('message passing through a chain of read-modify-writes hides it as well', () => {
    const outcomes = seen(program('MP chain', [[poke('x', 1), write('f', 1)], [add('f', 'm')], [read('f', 'a'), peek('x', 'b')]]));
    expect(outcomes).toContain('a=2 b=1 m=1');
    expect(outcomes).not.toContain('a=2 b=0 m=1');
  });

  test('a flag that another store overwrites hides nothing', () => {
    const outcomes = seen(program('MP broken chain', [[poke('x', 1), write('f', 1)], [read('f', 'm'), write('g', 2)], [read('g', 'a'), peek('x', 'b')]]));
    expect(outcomes).toContain('a=2 b=0 m=0');
    expect(outcomes).not.toContain('a=2 b=0 m=1');
  });

  test('nothing comes out of thin air', () => {
    const copy = (from: string, to: string, reg: string): LitmusStep[] => [peek(from, reg), { op: 'store', cell: to, val: reg, hint: true }];
    expect(seen(program('LB', [copy('x', 'y', 'a'), copy('y', 'x', 'b')]))).toEqual(['a=0 b=0']);
    expect(seen(program('no such value', [[poke('x', 1)], [poke('x', 2)], [peek('x', 'a'), peek('x', 'b')]])).every((outcome) => /^a=[012] b=[012]$/.test(outcome))).toBe(true);
  });

  test('a thread never misses its own write', () => {
    expect(seen(program('own', [[poke('x', 1), peek('x', 'a')], [poke('x', 2)]]))).toEqual(['a=1', 'a=2']);
  });

  test('a race on a cell of hints is none, one on a plain cell is', () => {
    const plain = program('plain', [[{ op: 'store', cell: 'x', val: 1, plain: true }], [{ op: 'load', cell: 'x', reg: 'a', plain: true }]]);
    const options = { outcomes: true, bounds: false, reduced: true, now: () => 0 };
    expect(runLitmus(program('hint', [[poke('x', 1)], [peek('x', 'a')]]), options).violations).toBeUndefined();
    expect(runLitmus(plain, options).violations?.map(({ kind }) => kind)).toEqual(['race']);
    expect(seen(plain)).toEqual(['a=0', 'a=1']);
  });
});

/** Complete executions, and their outcomes as texts. */
function explored(litmus: LitmusTest, scheduler: (stepsMax: number, threads: number) => Scheduler): { executions: number; outcomes: string[] } {
  const made = litmusProgram(litmus);
  const execution = new Execution(made, limitsOf(made));
  const outcomes = new Set<string>();
  let executions = 0;
  for (const ending of explore(execution, scheduler(2000, made.threads))) {
    if (ending !== 'complete') continue;
    executions++;
    outcomes.add(JSON.stringify(made.outcome()));
  }
  return { executions, outcomes: [...outcomes].sort() };
}

function randomSteps(random: () => number, thread: number): LitmusStep[] {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  return Array.from({ length: 1 + Math.floor(random() * 4) }, (_, at): LitmusStep => {
    const cell = pick(['x', 'x', 'y', 'f']);
    const value = 1 + Math.floor(random() * 3);
    const reg = `r${thread}${at}`;
    return pick([() => peek(cell, reg), () => peek(cell, reg), () => poke(cell, value), () => poke(cell, value), () => read('f', reg), () => write('f', value), () => add('f', reg)])();
  });
}

describe('random programs with hints', () => {
  test.each([1, 2, 3])('have the outcomes found by hand, under every search, seed %i', (seed) => {
    const random = randomFrom(seed);
    let weak = 0;
    let fewer = 0;
    for (let number = 0; number < 200; number++) {
      const threads = Array.from({ length: 2 + (random() < 0.3 ? 1 : 0) }, (_, thread) => randomSteps(random, thread)).map((steps, _, all) => (all.length > 2 ? steps.slice(0, 2) : steps));
      const litmus: LitmusTest = { name: `random ${number}`, initial: { x: 0, y: 0, f: 0 }, threads };
      const byHand = outcomesByHand(litmus, true);
      const reduced = explored(litmus, (stepsMax, count) => new Dpor(stepsMax, count));
      const unreduced = explored(litmus, (stepsMax) => new Unreduced(stepsMax));
      const bounded = explored(litmus, (stepsMax, count) => new BoundedPreemptions(stepsMax, count, 100));
      expect({ litmus, outcomes: reduced.outcomes }).toEqual({ litmus, outcomes: byHand });
      expect({ litmus, outcomes: unreduced.outcomes }).toEqual({ litmus, outcomes: byHand });
      expect({ litmus, ...bounded }).toEqual({ litmus, ...reduced });
      if (byHand.length > outcomesByHand(litmus, false).length) weak++;
      if (reduced.executions < unreduced.executions) fewer++;
    }
    // Otherwise the comparison shows nothing.
    expect(weak).toBeGreaterThan(15);
    expect(fewer).toBeGreaterThan(100);
  });

  test('are searched in parts as in one go', () => {
    const random = randomFrom(4);
    let divided = 0;
    for (let number = 0; number < 100; number++) {
      const litmus: LitmusTest = { name: `random ${number}`, initial: { x: 0, y: 0, f: 0 }, threads: [randomSteps(random, 0), randomSteps(random, 1), [peek('x', 'a'), peek('y', 'b')]] };
      const whole = explored(litmus, (stepsMax, count) => new Dpor(stepsMax, count));
      const parts = inParts(litmus, 3);
      expect({ litmus, executions: parts.executions, outcomes: parts.outcomes }).toEqual({ litmus, ...whole });
      if (parts.parts > 3) divided++;
    }
    expect(divided).toBeGreaterThan(50);
  });
});

/** Three runs at a time, each part of what is left on an execution of its own. */
function inParts(litmus: LitmusTest, runs: number): { executions: number; outcomes: string[]; parts: number } {
  const outcomes = new Set<string>();
  let executions = 0;
  let parts = 0;
  const open: (ReturnType<Dpor['save']> | undefined)[] = [undefined];
  while (open.length > 0) {
    const subtree = open.pop();
    parts++;
    const made = litmusProgram(litmus);
    const execution = new Execution(made, limitsOf(made));
    const dpor = new Dpor(2000, made.threads);
    if (subtree !== undefined) dpor.restore(execution, JSON.parse(JSON.stringify(subtree)) as typeof subtree);
    let left = runs;
    let more = true;
    for (const ending of explore(execution, dpor)) {
      if (ending === 'complete') {
        executions++;
        outcomes.add(JSON.stringify(made.outcome()));
      }
      if (--left === 0) {
        more = dpor.next(execution) !== exhausted;
        break;
      }
    }
    if (left > 0 || !more) continue;
    const given = dpor.donate(execution);
    open.push(dpor.save(execution), ...given);
  }
  return { executions, outcomes: [...outcomes].sort(), parts };
}

const hinted = join(import.meta.dirname, 'stale', 'hinted-frame.subject.ts');
const scope = scopeOf({ frames: 1, chunkFrames: 1, threads: 2, ops: 2 });
const trusted = [{ file: 'hinted-frame.subject.ts', from: ' && Atomics.or(this.words, owned, 0) === 1', to: '' }];

describe('a hint that is trusted without its validating read-modify-write', () => {
  test('is held while hints give what was written last', async () => {
    const report = runCheck(await load(hinted, trusted), [{ strategy: 'exhaustive', scope }]);
    expect({ verdict: report.verdict, exhausted: report.coverage.exhausted }).toEqual({ verdict: 'held', exhausted: true });
  });

  test('is found where they may be stale, and runs again', async () => {
    const loaded = await load(hinted, trusted);
    const [violation, ...more] = runCheck(loaded, [{ strategy: 'stale', scope }]).violations;
    const { counterexample, replay: token } = violation as ViolationReport;
    expect(more).toEqual([]);
    expect(violation).toMatchObject({ invariant: 'FP-OOM-1', shrink: { minimal: true } });
    expect(counterexample).toMatchObject({ commands: 4, preemptions: 0 });
    expect(counterexample.trace.map(({ note }) => note).filter((note) => note !== '')).toEqual([expect.stringMatching(/^stale: step \d+ had overwritten it$/)]);
    const parsed = parseReplay((/'(.*)'/.exec(token) as RegExpExecArray)[1] as string);
    expect(printSchedule(parsed.schedule)).toMatch(/[AB]\?0/);
    const turns = parsed.schedule.map((decision) => (decision.kind === 'read' ? turnOf(decision.thread, decision.write) : decision.thread));
    const again = replay(loaded, { scenario: parsed.scenario, decisions: turns }, judgeDefaults);
    expect({ strayed: again.strayed, found: again.findings[0]?.invariant }).toEqual({ strayed: -1, found: 'FP-OOM-1' });
    mode.live = false;
  });

  test('is held with it, every execution of every scenario', async () => {
    const report = runCheck(await load(hinted), [{ strategy: 'exhaustive', scope }, { strategy: 'stale', scope }]);
    const [strong, weak] = report.phases;
    expect({ verdict: report.verdict, exhausted: report.coverage.exhausted }).toEqual({ verdict: 'held', exhausted: true });
    expect((weak?.executions ?? 0) > (strong?.executions ?? 0)).toBe(true);
  });

  test('a wait on a hint goes on once the write can be seen', async () => {
    const waits = `
      import { defineSubject } from 'frameproof';
      import { peek, poke } from 'frameproof/impl';
      export default defineSubject({
        name: 'waits', limits: { framesMax: 2, countMax: 1 },
        create: () => ({ memory: new SharedArrayBuffer(8) }),
        attach: ({ memory }, worker) => { const words = new Int32Array(memory); return {
          allocate: () => { if (worker === 1) { while (peek(words, 0) === 0) Atomics.pause(); return 1; } poke(words, 0, 1); return 0; },
          free: () => 0,
        }; },
        hints: ({ memory }) => [new Int32Array(memory)],
      });`;
    const judge = new ScenarioJudge(await loadText(waits), parseScenario('f2c2o1 | A: allocate(1) B: allocate(1)'), new Models(), { ...judgeDefaults, staleMost });
    const endings = [...explore(judge.execution as Execution, new Dpor(judgeDefaults.stepsMax, 2))];
    mode.live = false;
    expect(new Set(endings)).toEqual(new Set(['complete']));
    expect(endings.length).toBeGreaterThan(3);
  });

  test('what fails without a stale read is told without one', async () => {
    const forgotten = [{ file: 'hinted-frame.subject.ts', from: '    Atomics.add(this.words, frees, 1);\n', to: '' }, ...trusted];
    const [violation] = runCheck(await load(hinted, forgotten), [{ strategy: 'stale', scope }]).violations;
    expect(violation?.counterexample.commands).toBeLessThanOrEqual(4);
    expect(violation?.counterexample.schedule).not.toContain('?');
  });

  test.each([
    ['builtin:hybrid', { frames: 4, prefixOps: 1 }],
    ['builtin:hybrid-narrow', { frames: 4 }],
  ])('%s is held, every execution of every scenario', async (name, part) => {
    const report = runCheck(await load(name), [{ strategy: 'stale', scope: scopeOf({ chunkFrames: 4, threads: 2, ops: 1, ...part }) }]);
    expect({ verdict: report.verdict, exhausted: report.coverage.exhausted }).toEqual({ verdict: 'held', exhausted: true });
  });
});
