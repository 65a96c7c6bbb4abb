import { isMemory, isWaiting, Op } from './access.ts';
import type { Events } from './events.ts';
import { crashedThread, waitsForNothing } from './program.ts';

/** Whether an event ends a round of waiting: what was read before it no longer counts. */
export const endsRound = (events: Events, at: number): boolean => {
  const op = events.op[at] as number;
  return op === Op.pause || op === Op.invoke || (op === Op.wake && events.value[at] === 1);
};

/**
 * The order that dependence puts on the events of an execution: same thread, or same cell and one writes, or a return and another
 * thread's invocation. The clock of an event counts, per thread, the events that happen before it or are it.
 */
export class ConflictOrder {
  readonly #events: Events;
  /** Whether a return and another thread's invocation are dependent. */
  readonly #intervals: boolean;
  readonly clock: Int32Array;
  /** Immediate races of the event just performed: positions that it does not happen after by any other way. */
  readonly races: Int32Array;
  raceCount = 0;
  readonly #candidates: Int32Array;
  /** Position of the last write of a cell, and of the last read of a cell by a thread; −1 for none. */
  #lastWrite = new Int32Array(256).fill(-1);
  #lastRead: Int32Array;
  readonly #lastInvoke: Int32Array;
  readonly #lastReturn: Int32Array;
  /** To undo: what those were before the event. */
  readonly #writeBefore: Int32Array;
  readonly #readBefore: Int32Array;

  constructor(events: Events, intervals: boolean) {
    const { threads, stepsMax } = events;
    this.#events = events;
    this.#intervals = intervals;
    this.clock = new Int32Array(stepsMax * threads);
    this.races = new Int32Array(threads + 1);
    this.#candidates = new Int32Array(threads + 1);
    this.#lastRead = new Int32Array(256 * threads).fill(-1);
    this.#lastInvoke = new Int32Array(threads).fill(-1);
    this.#lastReturn = new Int32Array(threads).fill(-1);
    this.#writeBefore = new Int32Array(stepsMax);
    this.#readBefore = new Int32Array(stepsMax);
  }

  /** Makes room for a cell. */
  know(cell: number): void {
    if (cell >= this.#lastWrite.length) this.#grow(cell);
  }

  /** Whether the event at `position` happens before the one at `later`. */
  happensBefore(position: number, later: number): boolean {
    const events = this.#events;
    return (this.clock[later * events.threads + (events.thread[position] as number)] as number) > (events.ordinal[position] as number);
  }

  /** Whether nobody has written the cell yet in this execution. */
  isUnwritten(cell: number): boolean {
    return (this.#lastWrite[cell] as number) < 0;
  }

  /** Positions of the writes of a cell so far, in their order. */
  writesOf(cell: number): number[] {
    const positions: number[] = [];
    for (let write = this.#lastWrite[cell] as number; write >= 0; write = this.#writeBefore[write] as number) positions.push(write);
    return positions.reverse();
  }

  /** Clock and races of a memory access. */
  access(at: number, thread: number, cell: number): void {
    const events = this.#events;
    const { threads } = events;
    const write = this.#lastWrite[cell] as number;
    let candidates = 0;
    if (write >= 0 && events.thread[write] !== thread) this.#candidates[candidates++] = write;
    if (events.wrote[at] === 1) {
      for (let other = 0; other < threads; other++) {
        const read = this.#lastRead[cell * threads + other] as number;
        if (other !== thread && read > write) this.#candidates[candidates++] = read;
      }
      this.#writeBefore[at] = write;
      this.#lastWrite[cell] = at;
    } else {
      this.#readBefore[at] = this.#lastRead[cell * threads + thread] as number;
      this.#lastRead[cell * threads + thread] = at;
    }
    this.#order(at, thread, candidates);
  }

  /**
   * Clock and races of an event that reads the cells in `watched` and, unless it is −1, writes `cell` (or reads it, as `wrote` says). With `last` it
   * follows everything so far, and nothing can be reversed: it was possible only because nobody else could go on.
   */
  waiting(at: number, thread: number, cell: number, last: boolean): void {
    const events = this.#events;
    const { threads } = events;
    const watched = events.watched[at] ?? [];
    const wrote = events.wrote[at] === 1;
    let candidates = 0;
    for (let other = 0; other < threads; other++) {
      if (other === thread) continue;
      let latest = -1;
      for (const read of cell < 0 ? watched : [...watched, cell]) {
        const write = this.#lastWrite[read] as number;
        if (write > latest && events.thread[write] === other) latest = write;
      }
      if (wrote) {
        const read = this.#lastRead[cell * threads + other] as number;
        if (read > latest && read > (this.#lastWrite[cell] as number)) latest = read;
      }
      if (last) latest = events.last[other] as number;
      if (latest >= 0) this.#candidates[candidates++] = latest;
    }
    for (const read of watched) this.#lastRead[read * threads + thread] = at;
    if (cell >= 0 && wrote) {
      this.#writeBefore[at] = this.#lastWrite[cell] as number;
      this.#lastWrite[cell] = at;
    } else if (cell >= 0) {
      this.#readBefore[at] = this.#lastRead[cell * threads + thread] as number;
      this.#lastRead[cell * threads + thread] = at;
    }
    this.#order(at, thread, candidates);
    if (last) this.raceCount = 0;
  }

  /** Clock and race of the end of a sleep, which follows the notify that ended it. */
  woken(at: number, thread: number, waker: number): void {
    this.#candidates[0] = waker;
    this.#order(at, thread, 1);
  }

  /** Clock and races of an invocation or a return. */
  edge(at: number, thread: number): void {
    const events = this.#events;
    const [mine, theirs] = events.op[at] === Op.invoke ? [this.#lastInvoke, this.#lastReturn] : [this.#lastReturn, this.#lastInvoke];
    this.#readBefore[at] = mine[thread] as number;
    mine[thread] = at;
    let candidates = 0;
    const variable = events.index[at] as number;
    for (let other = 0; other < events.threads; other++) {
      // Who waits for a crash comes after everything that the dead thread did.
      const edge = (variable < waitsForNothing && crashedThread(variable) === other ? events.last[other] : theirs[other]) as number;
      if (other === thread || edge < 0) continue;
      // Without intervals a hand-over still orders: the invocation follows the return that bound its variable.
      if (this.#intervals || variable < waitsForNothing || (events.op[at] === Op.invoke && variable >= 0 && this.#boundBy(variable, other))) {
        this.#candidates[candidates++] = edge;
      }
    }
    this.#order(at, thread, candidates);
    if (variable < waitsForNothing) this.#dropRacesWith(crashedThread(variable));
  }

  /** What enabled the event cannot come after it: no race. */
  #dropRacesWith(thread: number): void {
    let kept = 0;
    for (let race = 0; race < this.raceCount; race++) {
      const position = this.races[race] as number;
      if (this.#events.thread[position] !== thread) this.races[kept++] = position;
    }
    this.raceCount = kept;
  }

  /** Takes back the last event. */
  undo(at: number, thread: number): void {
    const events = this.#events;
    const op = events.op[at] as number;
    const cell = events.cell[at] as number;
    if (isWaiting(op)) this.#undoWaiting(at, thread, op, cell);
    else if (op === Op.invoke) this.#lastInvoke[thread] = this.#readBefore[at] as number;
    else if (op === Op.return) this.#lastReturn[thread] = this.#readBefore[at] as number;
    else if (events.wrote[at] === 1) this.#lastWrite[cell] = this.#writeBefore[at] as number;
    else this.#lastRead[cell * events.threads + thread] = this.#readBefore[at] as number;
  }

  /** Whether a cell that a waiting thread has read in this round was changed since by somebody else. */
  isAwake(thread: number, watched: readonly number[]): boolean {
    const events = this.#events;
    for (let k = (events.count[thread] as number) - 1; k >= 0; k--) {
      const at = events.position(thread, k);
      if (endsRound(events, at)) return false;
      const cell = events.op[at] === Op.wait ? (events.watched[at] as readonly number[])[0] as number : events.cell[at] as number;
      if ((!isMemory(events.op[at] as number) && events.op[at] !== Op.wait) || !watched.includes(cell)) continue;
      // What it read was not the last write even then.
      if ((events.stale[at] as number) >= 0) return true;
      let write = this.#lastWrite[cell] as number;
      while (write > at && (events.thread[write] === thread || events.before[write] === events.after[write])) write = this.#writeBefore[write] as number;
      if (write > at) return true;
    }
    return false;
  }

  /** Whether an access that a thread is about to make depends on an event of another thread after `since`; of one that may wait, always. */
  dependsSince(since: number, thread: number, op: number, cell: number, writes: boolean): boolean {
    const { threads } = this.#events;
    if (!isMemory(op) && op !== Op.return) return true;
    if (op !== Op.return && (this.#lastWrite[cell] as number) > since) return true;
    for (let other = 0; other < threads; other++) {
      if (other === thread) continue;
      const latest = op === Op.return ? (this.#intervals ? this.#lastInvoke[other] : -1) : writes ? this.#lastRead[cell * threads + other] : -1;
      if ((latest as number) > since) return true;
    }
    return false;
  }

  #undoWaiting(at: number, thread: number, op: number, cell: number): void {
    const events = this.#events;
    for (const watched of events.watched[at] ?? []) {
      let read = -1;
      for (let k = (events.count[thread] as number) - 2; k >= 0 && read < 0; k--) {
        const earlier = events.position(thread, k);
        const same = events.cell[earlier] === watched && isMemory(events.op[earlier] as number) && events.wrote[earlier] === 0;
        if (same || events.watched[earlier]?.includes(watched) === true) read = earlier;
      }
      this.#lastRead[watched * events.threads + thread] = read;
    }
    if (events.wrote[at] === 1) this.#lastWrite[cell] = this.#writeBefore[at] as number;
    else if (op === Op.notify) this.#lastRead[cell * events.threads + thread] = this.#readBefore[at] as number;
  }

  #boundBy(variable: number, thread: number): boolean {
    const events = this.#events;
    for (let k = 0; k < (events.count[thread] as number); k++) {
      const at = events.position(thread, k);
      if (events.op[at] === Op.return && events.index[at] === variable) return true;
    }
    return false;
  }

  /** Joins the clocks of the candidates into the event's and keeps as races those that are ordered by nothing else. */
  #order(at: number, thread: number, candidates: number): void {
    const events = this.#events;
    const { threads } = events;
    const { clock } = this;
    const base = at * threads;
    const previous = events.last[thread] as number;
    if (previous < 0) clock.fill(0, base, base + threads);
    else for (let t = 0; t < threads; t++) clock[base + t] = clock[previous * threads + t] as number;
    this.raceCount = 0;
    for (let i = 0; i < candidates; i++) {
      const candidate = this.#candidates[i] as number;
      if ((clock[base + (events.thread[candidate] as number)] as number) > (events.ordinal[candidate] as number)) continue;
      let immediate = true;
      for (let j = 0; j < candidates && immediate; j++) {
        if (j !== i && this.happensBefore(candidate, this.#candidates[j] as number)) immediate = false;
      }
      if (immediate) this.races[this.raceCount++] = candidate;
    }
    for (let i = 0; i < candidates; i++) {
      const from = (this.#candidates[i] as number) * threads;
      for (let t = 0; t < threads; t++) {
        const count = clock[from + t] as number;
        if (count > (clock[base + t] as number)) clock[base + t] = count;
      }
    }
    clock[base + thread] = (events.ordinal[at] as number) + 1;
  }

  #grow(cell: number): void {
    const size = Math.max(cell + 1, this.#lastWrite.length * 2);
    const writes = new Int32Array(size).fill(-1);
    writes.set(this.#lastWrite);
    this.#lastWrite = writes;
    const reads = new Int32Array(size * this.#events.threads).fill(-1);
    reads.set(this.#lastRead);
    this.#lastRead = reads;
  }
}
