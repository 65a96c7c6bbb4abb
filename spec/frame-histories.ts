import type { FrameRange } from './contract.ts';
import type { HistoryCall } from './history.ts';

/** An allocation as a frame knows it: exactly what a free of it must name, and the call that made it, if that is told. */
export interface Hold extends FrameRange {
  readonly call: HistoryCall | undefined;
  /** Held by nobody and never to be given back. */
  readonly reserved?: true;
}

/** A successful call on some frames: takes them, or gives them back. */
export interface Effect extends Hold {
  readonly call: HistoryCall;
  readonly takes: boolean;
}

/** One way in which the calls so far may have happened to a frame: who holds it, and which calls in flight have happened already (a bit each worker). */
interface Way {
  readonly hold: Hold | undefined;
  readonly done: number;
}

const freeWay: Way = { hold: undefined, done: 0 };
const freeWays: readonly Way[] = [freeWay];

/**
 * What can have happened to each frame, call by call in the order of their stamps. A frame is an object of its own: it is free or held, taken
 * and given back by turns. All ways to order the calls in flight are kept (just-in-time linearization; Lowe, 2017), which are few, since few
 * calls on one frame are ever in flight at once. Linearizability is local (Herlihy and Wing, 1990), so that a frame without a way refutes the whole
 * history; a history may be wrong and each of its frames right, because a run of frames is taken at one point.
 */
export class FrameHistories {
  readonly #ways: (readonly Way[])[];
  readonly #inFlight: Effect[][];

  constructor(frames: number) {
    this.#ways = Array.from({ length: frames }, () => freeWays);
    this.#inFlight = Array.from({ length: frames }, () => []);
  }

  /** A frame that is held from the start. */
  reserve(at: number, hold: Hold): void {
    this.#ways[at] = [{ hold, done: 0 }];
  }

  invoked(at: number, effect: Effect): void {
    (this.#inFlight[at] as Effect[]).push(effect);
  }

  /** The effect has happened by now. False: in no way can it have. */
  returned(at: number, effect: Effect): boolean {
    const inFlight = this.#inFlight[at] as Effect[];
    const before = this.#ways[at] as readonly Way[];
    const [only] = before;
    let ways: readonly Way[];
    if (inFlight.length === 1 && before.length === 1 && only !== undefined && only.done === 0) {
      const next = happened(only.hold, effect);
      ways = next === impossible ? [] : next === undefined ? freeWays : [{ hold: next, done: 0 }];
    } else {
      ways = advanced(before, inFlight, effect);
    }
    inFlight.splice(inFlight.indexOf(effect), 1);
    if (ways.length === 0) return false;
    this.#ways[at] = ways;
    return true;
  }

  /** Whether the frame is free whichever way it was, and no call in flight takes or gives it. */
  isSurelyFree(at: number): boolean {
    return this.#ways[at] === freeWays && (this.#inFlight[at] as Effect[]).length === 0;
  }

  /** Whether the frame is held by an allocation from `start` of `count` frames whichever way it was, and no call in flight takes or gives it. */
  isSurelyHeld(at: number, { start, count }: FrameRange): boolean {
    return (this.#inFlight[at] as Effect[]).length === 0 && (this.#ways[at] as readonly Way[]).every(({ hold }) => hold !== undefined && hold.start === start && hold.count === count);
  }

  /** Who holds the frame in one of the ways. */
  holder(at: number): Hold | undefined {
    return (this.#ways[at] as readonly Way[])[0]?.hold;
  }
}

const impossible = Symbol('impossible');

function happened(hold: Hold | undefined, effect: Effect): Hold | undefined | typeof impossible {
  if (effect.takes) return hold === undefined ? effect : impossible;
  return hold !== undefined && hold.reserved !== true && hold.start === effect.start && hold.count === effect.count ? undefined : impossible;
}

/** Every way to go on in which `effect` has happened, perhaps after others that are in flight. */
function advanced(before: readonly Way[], inFlight: readonly Effect[], effect: Effect): readonly Way[] {
  const found = new Map<string, Way>();
  const bit = 1 << effect.call.thread;
  const keep = ({ hold, done }: Way): void => {
    const way = { hold, done: done & ~bit };
    found.set(`${way.hold === undefined ? '' : `${way.hold.start} ${way.hold.count}`}:${way.done}`, way);
  };
  const explore = (way: Way): void => {
    for (const next of inFlight) {
      const mark = 1 << next.call.thread;
      if ((way.done & mark) !== 0) continue;
      const hold = happened(way.hold, next);
      if (hold === impossible) continue;
      const after = { hold, done: way.done | mark };
      if (next === effect) keep(after);
      else explore(after);
    }
  };
  for (const way of before) {
    if ((way.done & bit) !== 0) keep(way);
    else explore(way);
  }
  const ways = [...found.values()];
  return ways.length === 1 && ways[0]?.hold === undefined && ways[0]?.done === 0 ? freeWays : ways;
}
