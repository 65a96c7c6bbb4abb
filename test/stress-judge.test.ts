import { describe, expect, test } from 'vitest';
import { Model, type Operation } from '../model/index.ts';
import type { Geometry } from '../spec/contract.ts';
import { randomFrom } from '../spec/seeds.ts';
import type { HistoryCall } from '../spec/history.ts';
import { linearize } from '../spec/linearizability.ts';
import { StressJudge } from '../spec/stress-judge.ts';

const geometry: Geometry = { frames: 4, firstFrame: 8, chunkFrames: 2, maxOrder: 2, workers: 3, reserved: [] };
const rules = { placement: 'any', exactErrors: false, orders: false } as const;

/** `A 0-3 allocate 1 = 8` as a call of thread 0 with stamps 0 and 3; a free names its frame: `A 4-5 free 8 1 = 0`. */
function call(text: string, command: number): HistoryCall {
  const match = /^([A-C]) (\d+)-(\d+) (?:allocate|free (\d+)) (\d+) = (-?\d+)$/.exec(text);
  if (match === null) throw new Error(`'${text}' is no call`);
  const [thread, invoked, returned, frame, count, response] = [match[1]!.charCodeAt(0) - 65, Number(match[2]), Number(match[3]), match[4], Number(match[5]), Number(match[6])];
  const operation: Operation = frame === undefined ? { op: 'allocate', worker: thread, count } : { op: 'free', worker: thread, frame: Number(frame), count };
  return { thread, command, operation, response, invoked, returned };
}
const judged = (rounds: readonly (readonly string[])[], part: Partial<Geometry> = {}, hasCaches = false, placement: 'any' | 'buddy' = 'any') => {
  const judge = new StressJudge({ ...geometry, ...part }, { ...rules, placement }, hasCaches);
  const [found] = rounds.flatMap((calls) => judge.round(calls.map(call)) ?? []);
  return { id: found?.finding.invariant, message: found?.finding.message, calls: found?.calls.map(({ thread, invoked }) => `${'ABC'[thread]} ${invoked}`), live: judge.live().map(({ start, count }) => `${start}+${count}`) };
};

describe('a stamped history that fits no order of its calls', () => {
  test.each<[string, string, string[], string[]]>([
    ['a frame handed out twice', 'FP-OWN-1', ['A 0-1 allocate 1 = 8', 'B 2-3 allocate 1 = 8'], ['A 0', 'B 2']],
    ['a frame handed out twice at once', 'FP-OWN-1', ['A 0-3 allocate 1 = 8', 'B 1-2 allocate 1 = 8'], ['B 1', 'A 0']],
    ['a frame handed out within a longer run', 'FP-OWN-1', ['A 0-1 allocate 3 = 9', 'B 2-3 allocate 1 = 11'], ['A 0', 'B 2']],
    ['a frame handed out again before its free has begun', 'FP-OWN-1', ['A 0-1 allocate 1 = 8', 'B 2-3 allocate 1 = 8', 'A 4-5 free 8 1 = 0'], ['A 0', 'B 2']],
    ['a frame freed twice', 'FP-FRE-1', ['A 0-1 allocate 1 = 8', 'A 2-5 free 8 1 = 0', 'B 3-4 free 8 1 = 0'], ['A 2']],
    ['a part of a run freed', 'FP-FRE-1', ['A 0-1 allocate 2 = 8', 'A 2-3 free 8 1 = 0'], ['A 0', 'A 2']],
    ['a free of nothing', 'FP-FRE-1', ['A 0-1 free 8 1 = 0'], ['A 0']],
    ['a free beyond the end', 'FP-FRE-1', ['A 0-1 free 11 2 = 0'], ['A 0']],
    ['a free of a live run refused', 'FP-FRE-2', ['A 0-1 allocate 2 = 9', 'A 2-3 free 9 2 = -4'], ['A 0', 'A 2']],
    ['a frame outside', 'FP-RNG-1', ['A 0-1 allocate 2 = 11'], ['A 0']],
    ['an error that allocate has not', 'FP-ERR-1', ['A 0-1 allocate 2 = -4'], ['A 0']],
    ['a free that answers a frame', 'FP-ERR-1', ['A 0-1 allocate 1 = 8', 'A 2-3 free 8 1 = 8'], ['A 2']],
    ['out of memory with memory free', 'FP-OOM-1', ['A 0-1 allocate 3 = 8', 'A 2-3 free 8 3 = 0', 'B 4-5 allocate 2 = -1'], ['A 2', 'B 4']],
    [
      'out of memory while one run goes and another has come', 'FP-OOM-1',
      ['A 0-1 allocate 2 = 8', 'A 2-3 allocate 1 = 10', 'B 4-9 allocate 1 = -1', 'A 5-6 free 8 2 = 0', 'A 7-8 allocate 1 = 11'], ['A 5', 'B 4'],
    ],
    ['no answer', 'FP-EXC-1', ['A 0-1 allocate 1 = -2147483647'], ['A 0']],
  ])('%s', (_, id, calls, told) => {
    expect(judged([calls])).toMatchObject({ id, calls: told });
  });

  test('a reserved frame handed out', () => {
    expect(judged([['A 0-1 allocate 2 = 9']], { reserved: [{ start: 10, count: 1 }] })).toMatchObject({ id: 'FP-RNG-2' });
    expect(judged([['A 0-1 free 10 1 = 0']], { reserved: [{ start: 10, count: 1 }] })).toMatchObject({ id: 'FP-FRE-1' });
  });

  test('a run that starts where no buddy does', () => {
    expect(judged([['A 0-1 allocate 2 = 9']], {}, false, 'buddy')).toMatchObject({ id: 'FP-PLC-1' });
  });

  test('an owner of an earlier round', () => {
    expect(judged([['A 0-1 allocate 1 = 8', 'A 2-3 allocate 2 = 10'], ['B 4-5 allocate 1 = 11']])).toMatchObject({ id: 'FP-OWN-1', calls: ['A 2', 'B 4'] });
  });

  test('says which calls, and when', () => {
    expect(judged([['A 0-1 allocate 1 = 8', 'B 2-3 allocate 1 = 8']]).message).toBe(
      'B: allocate(1) → 8 (stamps 2…3): frame 8 has an owner who has not begun to free it: it is held by A: allocate(1) → 8 (stamps 0…1)',
    );
  });
});

describe('a stamped history that fits some order of its calls', () => {
  test.each<[string, string[]]>([
    ['a frame handed on while its free is in flight', ['A 0-1 allocate 1 = 8', 'A 2-9 free 8 1 = 0', 'B 3-4 allocate 1 = 8', 'B 5-6 free 8 1 = 0', 'C 7-8 allocate 1 = 8']],
    ['an early call that is served late', ['A 0-1 allocate 1 = 8', 'B 2-9 allocate 1 = 8', 'A 3-4 free 8 1 = 0', 'A 5-6 allocate 1 = 9']],
    ['a late call that must come before an early one', ['A 0-100 allocate 1 = 8', 'B 10-20 free 8 1 = 0', 'B 50-60 allocate 1 = 8', 'C 70-80 free 8 1 = 0']],
    ['one of two frees refused', ['A 0-1 allocate 1 = 8', 'A 2-5 free 8 1 = 0', 'B 3-4 free 8 1 = -4']],
    ['a free refused beside another that is refused', ['A 0-1 allocate 1 = 8', 'A 2-5 free 8 1 = -4', 'B 3-4 free 8 2 = -5']],
    ['a free of what somebody else was given', ['A 0-1 allocate 1 = 8', 'B 2-3 free 8 1 = 0', 'A 4-5 free 8 1 = -4']],
    ['out of memory while the last frame is being freed', ['A 0-1 allocate 4 = 8', 'A 2-5 free 8 4 = 0', 'B 3-4 allocate 1 = -1']],
    ['out of memory while the last frame is being taken', ['A 0-1 allocate 3 = 8', 'A 2-5 allocate 1 = 11', 'B 3-4 allocate 1 = -1']],
    ['out of memory for a run that is only there in pieces', ['A 0-1 allocate 1 = 9', 'B 2-3 allocate 1 = 11', 'A 4-5 allocate 2 = -1']],
  ])('%s', (_, calls) => {
    expect(judged([calls]).id).toBeUndefined();
  });

  test('frames in the caches of others may be out of reach', () => {
    expect(judged([['A 0-1 allocate 1 = -1']], {}, true).id).toBeUndefined();
  });

  test('leaves what lives', () => {
    expect(judged([['A 0-1 allocate 2 = 8', 'B 2-3 allocate 1 = 11'], ['A 4-5 free 8 2 = 0']])).toMatchObject({ id: undefined, live: ['11+1'] });
  });
});

/** A history of three threads over four frames out of dice: served first-fit at one point of each call; one answer in some is then changed. */
function randomHistory(random: () => number, changed: boolean): HistoryCall[] {
  const roll = (sides: number): number => Math.floor(random() * sides);
  const model = new Model(geometry, rules);
  let state = model.initial;
  const calls: { -readonly [K in keyof HistoryCall]: HistoryCall[K] }[] = [];
  const open: ((typeof calls)[number] & { done?: boolean })[] = [];
  const made: { frame: number; count: number }[] = [];
  for (let stamp = 0; calls.length < 8 || open.some((each) => each !== undefined); stamp++) {
    const thread = roll(3);
    const current = open[thread];
    if (current === undefined) {
      if (calls.length >= 8) continue;
      const run = made[roll(made.length + 1)];
      const operation: Operation = run === undefined || roll(2) === 0 ? { op: 'allocate', worker: thread, count: 1 + roll(3) } : { op: 'free', worker: thread, ...run };
      const begun = { thread, command: calls.length, operation, response: 0, invoked: stamp, returned: Infinity };
      calls.push(begun);
      open[thread] = begun;
    } else if (current.done !== true) {
      const { operation } = current;
      if (operation.op === 'allocate') {
        const run = model.suitableRun(state, operation.count);
        current.response = run < 0 ? -1 : run;
        if (run >= 0) made.push({ frame: run, count: operation.count });
      } else {
        current.response = state.allocations.get(operation.frame) === operation.count ? 0 : -4;
      }
      const step = model.step(state, operation, current.response);
      if (!step.ok) throw new Error(step.reason);
      state = step.state;
      current.done = true;
    } else {
      current.returned = stamp;
      delete open[thread];
    }
  }
  const victim = calls[roll(calls.length)]!;
  if (changed) victim.response = victim.operation.op === 'free' ? (victim.response === 0 ? -4 : 0) : [-1, 8, 9, 10, 11][roll(5)]!;
  return calls;
}

test('random histories: what has a linearization is never accused, and most of what has none is', () => {
  const random = randomFrom(7);
  const model = new Model(geometry, rules);
  const tally = { right: 0, accusedRightly: 0, missed: 0 };
  const falseAlarms: unknown[] = [];
  for (let number = 0; number < 4000; number++) {
    const calls = randomHistory(random, number % 2 === 1);
    const isRight = linearize({ calls, key: '' }, model, model.initial).ok;
    const found = new StressJudge(geometry, rules, false).round(calls);
    if (isRight && found !== undefined) falseAlarms.push({ number, calls, found });
    if (isRight) tally.right++;
    else if (found === undefined) tally.missed++;
    else tally.accusedRightly++;
  }
  expect(falseAlarms).toEqual([]);
  expect(tally.right).toBeGreaterThan(2000);
  expect(tally.accusedRightly).toBeGreaterThan(500);
  expect(tally.missed).toBeLessThan(tally.accusedRightly / 4);
});
