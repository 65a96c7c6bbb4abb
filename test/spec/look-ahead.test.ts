import { describe, expect, test } from 'vitest';
import { requests, type Coroutine, type View } from '../../spec/explore/access.ts';
import { Cells } from '../../spec/explore/cells.ts';
import { LookAhead, type Standing } from '../../spec/explore/look-ahead.ts';
import { Running } from '../../spec/explore/running.ts';

const site = 7;
const roundsMost = 100;

function* asked(yields: boolean): Coroutine<number> {
  return yields ? yield : requests.got();
}

/** A thread at the pause of a loop that gives up after four rounds, or when word 0 is 1; then, if it is to, it notifies. */
function atPause(words: View, notifies = false): Running {
  const spin = function* (): Coroutine<void> {
    for (let round = 0; round < 5; round++) {
      yield* asked(requests.pause(undefined, site));
      if ((yield* asked(requests.load(words, 0, 1))) === 1) return;
      if (notifies) yield* asked(requests.notify(words, 0, 1, 2));
    }
  };
  const running = new Running(spin());
  running.next(0);
  return running;
}

function setUp(): { readonly words: View; readonly lookAhead: LookAhead; readonly standing: (...given: number[]) => Standing } {
  return {
    words: new Int32Array(new SharedArrayBuffer(8)),
    lookAhead: new LookAhead(new Cells(), () => []),
    standing: (...given) => ({ given, site, first: 0 }),
  };
}

describe('what lies ahead of a thread that waits', () => {
  test('is four rounds until it gives up, having read one cell', () => {
    const { words, lookAhead, standing } = setUp();
    expect(lookAhead.look(atPause(words), standing(3), roundsMost)).toEqual({ rounds: 4, cells: [1], writes: false });
  });

  test('is known from then on where the thread was given the same', () => {
    const { words, lookAhead, standing } = setUp();
    const ahead = lookAhead.look(atPause(words), standing(3), roundsMost);
    expect(lookAhead.known(standing(3), roundsMost)).toEqual(ahead);
    expect(lookAhead.known(standing(4), roundsMost)).toBeUndefined();
    expect(lookAhead.known(standing(3, 99), roundsMost)).toBeUndefined();
    expect(lookAhead.known(standing(3), roundsMost / 10)).toBeUndefined();
  });

  test('is not known where memory is different, and known again where it is not', () => {
    const { words, lookAhead, standing } = setUp();
    const ahead = lookAhead.look(atPause(words), standing(3), roundsMost);
    words[0] = 1;
    expect(lookAhead.known(standing(3), roundsMost)).toBeUndefined();
    words[0] = 0;
    words[1] = 1; // the thread does not look at it
    expect(lookAhead.known(standing(3), roundsMost)).toEqual(ahead);
  });

  test('is never known where it depends on who sleeps', () => {
    const { words, lookAhead, standing } = setUp();
    expect(lookAhead.look(atPause(words, true), standing(3), roundsMost).rounds).toBe(4);
    expect(lookAhead.known(standing(3), roundsMost)).toBeUndefined();
  });
});
