import { isMemory, Op, pending, type View } from './access.ts';
import type { Cells } from './cells.ts';
import { endsRound, type ConflictOrder } from './conflict-order.ts';
import type { Events } from './events.ts';
import type { Ahead } from './look-ahead.ts';
import { perform } from './perform.ts';

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
 * A wait that the thread gives up after a few rounds is also gone through at once, to its end, at any time. One that takes many rounds until then is
 * gone through only where nobody can go on otherwise.
 */
export class Waiting {
  readonly #events: Events;
  readonly #order: ConflictOrder;
  readonly #cells: Cells;
  readonly #next: Pendings;
  /** By thread, if it is paused or has timed out before: the cells whose change lets it go on. Undefined: none has to change. */
  readonly watched: (readonly number[] | undefined)[] = [];
  /** By thread, if it is paused or asleep: see {@link Events.rounds}. */
  readonly rounds: Int32Array;
  /** By thread: position of the notify that has ended its sleep, or −1. */
  readonly wokenBy: Int32Array;

  constructor(events: Events, order: ConflictOrder, cells: Cells, next: Pendings) {
    this.#events = events;
    this.#order = order;
    this.#cells = cells;
    this.#next = next;
    this.rounds = new Int32Array(events.threads).fill(-1);
    this.wokenBy = new Int32Array(events.threads).fill(-1);
  }

  /** Whether a paused or sleeping thread can go on without any other being stuck. */
  canStep(thread: number): boolean {
    return this.isAwake(thread) || (this.rounds[thread] as number) >= 0;
  }

  /** Whether what a paused or sleeping thread waits for has come. */
  isAwake(thread: number): boolean {
    const watched = this.watched[thread];
    if (this.#next.nextOp[thread] === Op.pause) return this.#order.isAwake(thread, watched as readonly number[]);
    if ((this.wokenBy[thread] as number) >= 0) return true;
    return this.#next.nextOperand[thread] === 1 && (watched === undefined || this.#order.isAwake(thread, watched));
  }

  /** Whether a thread that is paused or asleep may go on where nobody else can. A sleep without a timeout ends by a notify alone. */
  canBeReleased(thread: number): boolean {
    return this.#next.nextOp[thread] === Op.pause || this.#next.nextOperand[thread] === 1;
  }

  /** Notes what the thread, about to pause or asleep now, waits for; `ahead` goes through its next rounds, as many as a tenth of the most. */
  begins(thread: number, ahead: () => Ahead): void {
    const { last, runsOn, rounds } = this.#events;
    const isFree = this.#next.nextOp[thread] === Op.wake && !this.#hasTimedOut(thread);
    this.watched[thread] = this.#watchedOf(thread);
    this.rounds[thread] = -1;
    if (isFree || !this.canBeReleased(thread)) return;
    const before = last[thread] as number;
    if (before >= 0 && runsOn[before] === 1) {
      let round = before;
      while (this.#events.op[round] !== Op.pause && this.#events.op[round] !== Op.wake) round--;
      this.rounds[thread] = (rounds[round] as number) - 1;
      return;
    }
    const { rounds: left, cells, writes } = ahead();
    // What changes memory in each round is no one step: it goes on by changes alone.
    if (left < 0 || writes) return;
    this.rounds[thread] = left;
    // What later rounds read is read by the step that goes through them.
    this.watched[thread] = [...new Set([...(this.watched[thread] as readonly number[]), ...cells])];
  }

  /** Performs a pause, a wait, a wake or a notify; `released` is how many rounds it takes where nobody else can go on. */
  perform(at: number, thread: number, op: number, released: number): number {
    const events = this.#events;
    const list = events.cell[at] as number;
    let result = 0;
    if (op === Op.pause || op === Op.wake) {
      const awake = this.isAwake(thread);
      events.watched[at] = this.watched[thread];
      events.rounds[at] = this.rounds[thread] as number;
      if (!awake && events.rounds[at] === -1) {
        events.released[at] = 1;
        events.rounds[at] = released;
      }
      if (!awake && (events.rounds[at] as number) > 0) events.runsOn[at] = 1;
    }
    if (op === Op.wait) {
      const view = events.view[at] as View;
      const index = events.index[at] as number;
      events.watched[at] = [this.#cells.cellOf(view, index)];
      result = view[index] === events.expected[at] ? 1 : 0;
      // Even if it does not fall asleep: the value decides, and who writes that would otherwise be independent of who notifies.
      events.wrote[at] = 1;
    } else if (op === Op.notify) {
      result = this.#notify(at, list, events.operand[at] as number);
      events.wrote[at] = result > 0 ? 1 : 0;
    } else if (op === Op.wake) {
      const waker = this.wokenBy[thread] as number;
      events.waker[at] = waker;
      this.wokenBy[thread] = -1;
      if (waker >= 0) {
        events.watched[at] = undefined;
        this.#order.woken(at, thread, waker);
        return 0;
      }
      result = 1;
      events.wrote[at] = 1;
    }
    this.#order.waiting(at, thread, op === Op.notify || events.wrote[at] === 1 ? list : -1, events.released[at] === 1);
    return result;
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
  #notify(at: number, list: number, most: number): number {
    const woken = this.sleepers(list).slice(0, most);
    for (const thread of woken) this.wokenBy[thread] = at;
    return woken.length;
  }

  /** Takes over from the event at `at`, which is taken back, what its thread waits for. */
  resumed(at: number, thread: number): void {
    const { watched, rounds, released, waker } = this.#events;
    const byNotify = this.#events.op[at] === Op.wake && (waker[at] as number) >= 0;
    this.rounds[thread] = released[at] === 1 ? -1 : (rounds[at] as number);
    this.watched[thread] = byNotify ? this.#watchedOf(thread) : watched[at];
  }

  /** Takes back what the event at `at` did to sleepers. */
  undo(at: number, thread: number): void {
    const { op, waker } = this.#events;
    if (op[at] === Op.wake) this.wokenBy[thread] = waker[at] as number;
    if (op[at] !== Op.notify) return;
    for (let sleeper = 0; sleeper < this.wokenBy.length; sleeper++) if (this.wokenBy[sleeper] === at) this.wokenBy[sleeper] = -1;
  }

  /** Whether the thread that took the step at `at` takes the next one, too, having taken the one before on its way to giving up. */
  runsOn(at: number): boolean {
    const { op, wrote, before, after, value } = this.#events;
    switch (op[at]) {
      case Op.pause:
      case Op.wake:
        return this.#events.runsOn[at] === 1;
      case Op.invoke:
      case Op.return:
        return false;
      case Op.notify:
        return value[at] === 0;
      case Op.wait:
        return true;
      default:
        return wrote[at] === 0 || before[at] === after[at];
    }
  }

  #watchedOf(thread: number): readonly number[] | undefined {
    return this.#next.nextOp[thread] === Op.wake && !this.#hasTimedOut(thread) ? undefined : this.#readInRound(thread);
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

/** Performs what is pending with nobody beside it: nobody is woken, nobody wakes. Gives what the coroutine is to be resumed with. */
export function performAlone(): number {
  const { op, view, index, operand, expected } = pending;
  if (view === undefined) return 0;
  if (isMemory(op)) return perform(op, view, index, operand, expected);
  if (op === Op.wait) return view[index] === expected ? 1 : 0;
  if (op === Op.wake && operand === 0) throw new NeverEnds('does not end: it sleeps in Atomics.wait, and nobody is beside it to wake it');
  return op === Op.wake ? 1 : 0;
}
