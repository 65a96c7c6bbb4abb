import { isMemory, Op, pending, type View } from './access.ts';
import { endsRound, type ConflictOrder } from './conflict-order.ts';
import type { Events } from './events.ts';
import { perform } from './perform.ts';
import type { Running } from './running.ts';

/** Something that ran alone did not end. */
export class NeverEnds extends Error {
  override readonly name = 'NeverEnds';
}

/** Rounds without any change after which a thread that nobody is beside is said to wait for ever. */
export const roundsMax = 1000;

/** By thread: what it asks for next. */
export interface Pendings {
  readonly nextOp: Uint8Array;
  readonly nextCell: Int32Array;
  readonly nextOperand: readonly number[];
}

/**
 * Who waits for what. A paused thread goes on once a cell that it has read in this round was changed by somebody else; a sleeper once it is notified, or
 * times out: the first time in an operation whenever it likes, then once for each change of a cell that it has read, so that a loop around it ends.
 * Where nobody can go on by these rules, one of those who wait without sleeping for ever is released, if that leads anywhere.
 */
export class Waiting {
  readonly #events: Events;
  readonly #order: ConflictOrder;
  readonly #next: Pendings;
  /** By thread, if it is paused or asleep: the cells whose change lets it go on; undefined: none has to change. */
  readonly watched: (readonly number[] | undefined)[] = [];
  /** By thread: position of the notify that has ended its sleep, or −1. */
  readonly wokenBy: Int32Array;

  constructor(events: Events, order: ConflictOrder, next: Pendings) {
    this.#events = events;
    this.#order = order;
    this.#next = next;
    this.wokenBy = new Int32Array(events.threads).fill(-1);
  }

  /** Whether a paused or sleeping thread can go on by itself. */
  isAwake(thread: number): boolean {
    const watched = this.watched[thread];
    if (this.#next.nextOp[thread] === Op.pause) return this.#order.isAwake(thread, watched as readonly number[]);
    if ((this.wokenBy[thread] as number) >= 0) return true;
    return this.#next.nextOperand[thread] === 1 && (watched === undefined || this.#order.isAwake(thread, watched));
  }

  /** Whether a thread that is not awake may be released. A sleep without a timeout ends by a notify alone. */
  canBeReleased(thread: number): boolean {
    return this.#next.nextOp[thread] === Op.pause || this.#next.nextOperand[thread] === 1;
  }

  /** Notes what the thread, about to pause or asleep now, waits for. */
  begins(thread: number): void {
    this.watched[thread] = this.#next.nextOp[thread] === Op.pause || this.#hasTimedOut(thread) ? this.#readInRound(thread) : undefined;
  }

  /** Those asleep on a list, the longest first. */
  sleepers(list: number): number[] {
    const { nextOp, nextCell } = this.#next;
    const { last, threads } = this.#events;
    const found: number[] = [];
    for (let thread = 0; thread < threads; thread++) {
      if (nextOp[thread] === Op.wake && nextCell[thread] === list && (this.wokenBy[thread] as number) < 0) found.push(thread);
    }
    // Its last event is the wait, so the positions are the order in which they fell asleep.
    return found.sort((a, b) => (last[a] as number) - (last[b] as number));
  }

  /** Ends the sleep of as many as `most`; gives their number. */
  notify(at: number, list: number, most: number): number {
    const woken = this.sleepers(list).slice(0, most);
    for (const thread of woken) this.wokenBy[thread] = at;
    return woken.length;
  }

  /** Takes back what the event at `at` did to sleepers. */
  undo(at: number, thread: number): void {
    const { op, waker } = this.#events;
    if (op[at] === Op.wake) this.wokenBy[thread] = waker[at] as number;
    if (op[at] !== Op.notify) return;
    for (let sleeper = 0; sleeper < this.wokenBy.length; sleeper++) if (this.wokenBy[sleeper] === at) this.wokenBy[sleeper] = -1;
  }

  /** A thread that was released and is back without having changed anything, or −1: it goes on until it has given up. */
  goingRound(): number {
    const events = this.#events;
    const last = events.depth - 1;
    if (last < 0) return -1;
    const thread = events.thread[last] as number;
    for (let at = last; at >= 0 && events.thread[at] === thread; at--) {
      if (events.released[at] === 1) return thread;
      if (events.op[at] === Op.invoke || events.op[at] === Op.return || (events.wrote[at] === 1 && !this.#isIdle(at))) return -1;
    }
    return -1;
  }

  #isIdle(at: number): boolean {
    const { op, before, after } = this.#events;
    return isMemory(op[at] as number) ? before[at] === after[at] : op[at] === Op.wait || op[at] === Op.wake;
  }

  #hasTimedOut(thread: number): boolean {
    const events = this.#events;
    for (let k = (events.count[thread] as number) - 1; k >= 0; k--) {
      const at = events.position(thread, k);
      if (events.op[at] === Op.invoke) return false;
      if (events.op[at] === Op.wake && events.value[at] === 1) return true;
    }
    return false;
  }

  #readInRound(thread: number): number[] {
    const events = this.#events;
    const cells = new Set<number>();
    for (let k = (events.count[thread] as number) - 1; k >= 0; k--) {
      const at = events.position(thread, k);
      if (endsRound(events, at)) break;
      const op = events.op[at] as number;
      if (op === Op.wait) cells.add((events.watched[at] as readonly number[])[0] as number);
      else if (isMemory(op) && op !== Op.store && op !== Op.write && op !== Op.poke) cells.add(events.cell[at] as number);
    }
    return [...cells];
  }
}

/**
 * Whether a thread that goes on alone changes anything, ends its operation, wakes somebody or falls asleep for good, before so many rounds
 * of waiting are over. `first` is what it is resumed with; memory stays as it is, the coroutine is spent.
 */
export function leadsAnywhere(coroutine: Running, first: number, limits: { readonly roundsMax: number; readonly stepsMax: number }, hasSleepers: (view: View, index: number) => boolean): boolean {
  let rounds = 0;
  let next = coroutine.next(first);
  for (let steps = 0; next.done !== true && steps < limits.stepsMax; steps++) {
    const { op, view, index, operand, expected } = pending;
    let result = 0;
    if (view !== undefined && isMemory(op)) {
      const before = view[index] as number;
      result = perform(op, view, index, operand, expected);
      if (view[index] !== before) {
        view[index] = before;
        return true;
      }
    } else if (op === Op.pause) {
      if (++rounds === limits.roundsMax) return false;
    } else if (op === Op.wait) {
      result = (view as View)[index] === expected ? 1 : 0;
    } else if (op === Op.wake) {
      if (operand === 0) return true;
      result = 1;
      if (++rounds === limits.roundsMax) return false;
    } else if (op !== Op.notify || hasSleepers(view as View, index)) {
      return true;
    }
    next = coroutine.next(result);
  }
  return true;
}

/** Performs what is pending with nobody beside it: nobody is woken, nobody wakes. Gives what the coroutine is to be resumed with. */
export function performAlone(): number {
  const { op, view, index, operand, expected } = pending;
  if (view === undefined) return 0;
  if (isMemory(op)) return perform(op, view, index, operand, expected);
  if (op === Op.wait) return view[index] === expected ? 1 : 0;
  if (op === Op.wake && operand === 0) throw new NeverEnds('does not end: it sleeps in Atomics.wait, and nobody is beside it to wake it');
  return op === Op.wake ? 1 : 0;
}
