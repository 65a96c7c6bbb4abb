import { describe, expect, test } from 'vitest';
import { requests, type Coroutine, type View } from '../../spec/explore/access.ts';
import { Divergence, Execution } from '../../spec/explore/execution.ts';
import type { Program } from '../../spec/explore/program.ts';
import { turnOf } from '../../spec/explore/turn.ts';

const words: View = new Int32Array(new SharedArrayBuffer(16));

/** One thread, which does what `body` says; `time`: how often it has begun before. */
function execution(body: (time: number) => Coroutine): Execution {
  words.fill(0);
  let time = 0;
  const program: Program = { threads: 1, variables: new Int32Array(0), setup: [[]], start: () => body(time++) };
  return new Execution(program, { stepsMax: 100, intervals: true });
}

const steps = (of: Execution, count: number): void => {
  for (let step = 0; step < count; step++) of.step(turnOf(0, -1));
};
const values = (of: Execution): unknown[] => of.value.slice(0, of.depth);

function* add(index: number, value: number): Coroutine<number> {
  return requests.add(words, index, value, index) ? yield : requests.got();
}
/** Two accesses in a call of a call. */
function* twice(index: number): Coroutine<number> {
  const first = requests.calls(add(index, 1)) ? yield : requests.got();
  const second = requests.calls(add(index, 1)) ? yield : requests.got();
  return 10 * first + second;
}
function* fails(index: number): Coroutine<number> {
  if (requests.calls(add(index, 1))) yield;
  throw new RangeError('as planned');
}

describe('a thread that is run again', () => {
  const calling = function* (): Coroutine<void> {
    const first = requests.calls(twice(0)) ? yield : requests.got();
    if (requests.calls(add(1, first))) yield;
    const second = requests.calls(twice(0)) ? yield : requests.got();
    if (requests.calls(add(1, second))) yield;
  };

  test.each([0, 1, 2, 3, 4, 5])('goes on from its step %i as it did before', (from) => {
    const straight = execution(calling);
    steps(straight, 6);
    expect(values(straight)).toEqual([0, 1, 0 + 0, 2, 3, 1]);
    expect([...words]).toEqual([4, 24, 0, 0]);

    const back = execution(calling);
    steps(back, 6);
    back.rewind(from);
    steps(back, 6 - from);
    expect(back.finished()).toBe(true);
    expect(values(back)).toEqual(values(straight));
    expect([...words]).toEqual([4, 24, 0, 0]);
  });

  test('catches what a callee throws, whether that had yielded or had seen it all', () => {
    const catching = execution(function* (): Coroutine<void> {
      for (const index of [0, 1]) {
        try {
          if (requests.calls(fails(index))) yield;
        } catch (error) {
          if (requests.calls(add(2, (error as Error).message.length))) yield;
        }
      }
    });
    steps(catching, 4);
    for (const from of [3, 2, 1, 0]) {
      catching.rewind(from);
      steps(catching, 4 - from);
      expect(catching.finished()).toBe(true);
      expect([...words]).toEqual([1, 1, 20, 0]);
    }
  });

  test.each([
    ['ends before it has seen all that it saw', 1, 'ended early'],
    ['ends where it went on', 2, 'ended early'],
    ['asks for something else', 3, 'asked for something else'],
  ])('and %s diverges', (_, stepsAgain, message) => {
    const unsteady = execution(function* (time): Coroutine<void> {
      const adds = time === 0 ? 3 : Math.min(stepsAgain, 2);
      for (let step = 0; step < adds; step++) if (requests.calls(add(0, 1))) yield;
      if (stepsAgain > adds && requests.calls(add(3, 1))) yield;
    });
    steps(unsteady, 3);
    unsteady.rewind(2);
    const again = (): void => unsteady.step(turnOf(0, -1));
    expect(again).toThrow(Divergence);
    expect(again).toThrow(`thread 0 ${message} when it was run again`);
  });

  test('and asks for less than its set-up took diverges before its first step', () => {
    const program: Program = { threads: 1, variables: new Int32Array(0), setup: [[0, 1]], start: () => add(0, 1) };
    expect(() => new Execution(program, { stepsMax: 100, intervals: true })).toThrow('thread 0 ended early when it was run again');
  });
});
