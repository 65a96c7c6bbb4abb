import type { ConflictOrder } from './conflict-order.ts';
import type { Events } from './events.ts';
import { synchronizesWith } from './synchronizes-with.ts';

/** Times that a thread may read an older write at one place in the source: every write is seen at last. */
export const staleMost = 2;

const none: readonly number[] = [];

/**
 * Older writes that a hint read may give (ECMAScript, memory model, valid happens-before): any write that was executed and that no other
 * write hides, which would have to happen after it and before the read. Two plain reads of a cell have no order between them, so the
 * second may give the older write. A write that is yet to be executed is never given (no load buffering).
 */
export class StaleReads {
  readonly #events: Events;
  readonly #order: ConflictOrder;
  readonly #most: number;

  constructor(events: Events, order: ConflictOrder, most: number) {
    this.#events = events;
    this.#order = order;
    this.#most = most;
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
    if (positions.length === 0 || previous < 0) return none;
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
      if (values.has(value) || !comesBefore(positions[write] as number) || this.#timesRead(thread, cell, site, write) >= this.#most || isHidden(write)) continue;
      values.add(value);
      found.push(write);
    }
    return found;
  }

  /** How often a thread has read an older write of a cell at a place. Not in a row: two reads of a loop that take turns would never end it. */
  #timesRead(thread: number, cell: number, site: number, write: number): number {
    const { count, cell: cellAt, site: siteAt, stale } = this.#events;
    let times = 0;
    for (let k = (count[thread] as number) - 1; k >= 0; k--) {
      const at = this.#events.position(thread, k);
      if (stale[at] === write && cellAt[at] === cell && siteAt[at] === site) times++;
    }
    return times;
  }
}
