import { describe, expect, test } from 'vitest';
import { Dpor, Unreduced } from '../spec/explore/dpor.ts';
import { Execution } from '../spec/explore/execution.ts';
import { litmusProgram, type LitmusStep, type LitmusTest } from '../spec/explore/litmus.ts';
import { BoundedPreemptions } from '../spec/explore/preemptions.ts';
import { explore, exhausted, type Scheduler } from '../spec/explore/scheduler.ts';
import { limitsOf, runLitmus } from '../spec/litmus.ts';
import { randomFrom } from '../spec/seeds.ts';
import { outcomesByHand } from './litmus/by-hand.ts';

const peek = (cell: string, reg: string): LitmusStep => ({ op: 'load', cell, reg, hint: true });
const poke = (cell: string, val: number): LitmusStep => ({ op: 'store', cell, val, hint: true });
const load = (cell: string, reg: string): LitmusStep => ({ op: 'load', cell, reg });
const store = (cell: string, val: number): LitmusStep => ({ op: 'store', cell, val });
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
    expect(seen(program('SB atomic', [[store('x', 1), load('y', 'a')], [store('y', 1), load('x', 'b')]]))).toEqual(['a=0 b=1', 'a=1 b=0', 'a=1 b=1']);
  });

  test('two reads of one cell have no order: the second may give the older write', () => {
    expect(seen(program('CoRR', [[poke('x', 1)], [peek('x', 'a'), peek('x', 'b')]]))).toContain('a=1 b=0');
  });

  test('message passing by plain accesses alone passes nothing', () => {
    expect(seen(program('MP', [[poke('x', 1), poke('f', 1)], [peek('f', 'a'), peek('x', 'b')]]))).toContain('a=1 b=0');
  });

  test('message passing by an atomic flag hides the older write', () => {
    expect(seen(program('MP atomic', [[poke('x', 1), store('f', 1)], [load('f', 'a'), peek('x', 'b')]]))).toEqual(['a=0 b=0', 'a=0 b=1', 'a=1 b=1']);
  });

  test('message passing through a chain of read-modify-writes hides it as well', () => {
    const outcomes = seen(program('MP chain', [[poke('x', 1), store('f', 1)], [add('f', 'm')], [load('f', 'a'), peek('x', 'b')]]));
    expect(outcomes).toContain('a=2 b=1 m=1');
    expect(outcomes).not.toContain('a=2 b=0 m=1');
  });

  test('a flag that another store overwrites hides nothing', () => {
    const outcomes = seen(program('MP broken chain', [[poke('x', 1), store('f', 1)], [load('f', 'm'), store('g', 2)], [load('g', 'a'), peek('x', 'b')]]));
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
    return pick([() => peek(cell, reg), () => peek(cell, reg), () => poke(cell, value), () => poke(cell, value), () => load('f', reg), () => store('f', value), () => add('f', reg)])();
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
