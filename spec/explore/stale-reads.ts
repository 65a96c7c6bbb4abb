import { Op } from './access.ts';
import type { ConflictOrder } from './conflict-order.ts';
import type { Events } from './events.ts';
import type { Execution } from './execution.ts';
import { synchronizesWith } from './synchronizes-with.ts';
import { turnOf } from './turn.ts';

/** Times in a row that one place in the source may read a hint stale, in each thread. */
export const staleInARow = 2;

const none: readonly number[] = [];

/**
 * Older writes that a hint read may give (ECMAScript, memory model, valid happens-before): any write that was executed and that no other
 * write hides, which would have to happen after it and before the read. Two plain reads of a cell have no order between them, so the
 * second may give the older write. A write that is yet to be executed is never given (no load buffering).
 */
export class StaleReads {
  readonly #events: Events;
  readonly #order: ConflictOrder;
  readonly #inARow: number;

  constructor(events: Events, order: ConflictOrder, inARow: number) {
    this.#events = events;
    this.#order = order;
    this.#inARow = inARow;
  }

  /**
   * The older writes worth trying for the next step of a thread, by their number among the writes of the cell (0: the value before the
   * first), each with a value of its own. Where the next write after one does not come before the read by any other way than being of
   * the same cell, the read could as well stand before that write, and gives the older one there as the last: not tried again here.
   */
  writes(thread: number, cell: number, site: number): readonly number[] {
    const { threads, last, thread: threadAt, ordinal, before, after } = this.#events;
    const positions = this.#order.writesOf(cell);
    const previous = last[thread] as number;
    if (positions.length === 0 || previous < 0 || this.#hasReadStale(thread, site) >= this.#inARow) return none;
    const { clock } = this.#order;
    const comesBefore = (position: number): boolean => (clock[previous * threads + (threadAt[position] as number)] as number) > (ordinal[position] as number);
    let happensBefore: Int32Array[] | undefined;
    const isHidden = (write: number): boolean => {
      happensBefore ??= synchronizesWith(this.#events);
      const seen = (one: number, by: number): boolean => ((happensBefore as Int32Array[])[by] as Int32Array)[threadAt[one] as number] as number > (ordinal[one] as number);
      return positions.slice(write).some((later) => seen(later, previous) && (write === 0 || seen(positions[write - 1] as number, later)));
    };
    const values = new Set([after[positions.at(-1) as number]]);
    const found: number[] = [];
    for (let write = positions.length - 1; write >= 0; write--) {
      const value = write === 0 ? before[positions[0] as number] : after[positions[write - 1] as number];
      if (values.has(value) || !comesBefore(positions[write] as number) || isHidden(write)) continue;
      values.add(value);
      found.push(write);
    }
    return found;
  }

  /** How often in a row a thread has read stale at a place, until now. */
  #hasReadStale(thread: number, site: number): number {
    const { count, op, site: siteAt, stale } = this.#events;
    let times = 0;
    for (let k = (count[thread] as number) - 1; k >= 0; k--) {
      const at = this.#events.position(thread, k);
      if (op[at] !== Op.peek || siteAt[at] !== site) continue;
      if ((stale[at] as number) < 0) break;
      times++;
    }
    return times;
  }
}

/** Which reads a depth-first search has tried at the nodes of its path. A thread is done at a node when all of its reads were tried. */
export class TriedReads {
  readonly #writes: (readonly number[])[] = [];
  readonly #tried: number[] = [];
  /** The thread that has another read to try at the deepest node, or −1. */
  again = -1;

  /** The turn of a thread chosen at the node where the execution is. */
  turn(execution: Execution, thread: number): number {
    const at = execution.depth;
    if (this.again !== thread) this.begin(at, execution.staleWrites(thread), -1);
    this.again = -1;
    const tried = this.#tried[at] as number;
    return tried === 0 ? thread : turnOf(thread, (this.#writes[at] as readonly number[])[tried - 1] as number);
  }

  /** Notes the reads at a node, of which those up to `write` were tried; −1: the last write alone. */
  begin(at: number, writes: readonly number[], write: number): void {
    this.#writes[at] = writes;
    this.#tried[at] = writes.indexOf(write) + 1;
  }

  /** Goes on at a node where some reads of a thread were tried. */
  resume(at: number, writes: readonly number[], { thread, tried }: { readonly thread: number; readonly tried: number }): void {
    this.#writes[at] = writes;
    this.#tried[at] = tried;
    this.again = thread;
  }

  /** Whether the thread that took the step at a node has another read to try there; if so, that is next. */
  next(execution: Execution, at: number): boolean {
    const tried = this.#tried[at] as number;
    if (tried >= (this.#writes[at] as readonly number[]).length) return false;
    this.#tried[at] = tried + 1;
    this.again = execution.thread[at] as number;
    return true;
  }

  /** The first node of the path up to `end` where a read is left to try; `end` if there is none. */
  firstOpen(end: number): number {
    let at = 0;
    while (at < end && (this.#tried[at] as number) >= (this.#writes[at] as readonly number[]).length) at++;
    return at;
  }

  /** Reads that were tried at a node before the one that is next there. */
  tried(at: number): number {
    return this.#tried[at] as number;
  }
}
