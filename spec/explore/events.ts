import type { View } from './access.ts';
import { turnOf } from './turn.ts';

/** The events of one execution as columns, for speed; and by thread, where its events are. */
export class Events {
  readonly threads: number;
  readonly stepsMax: number;
  /** Events so far. */
  depth = 0;
  readonly thread: Uint8Array;
  readonly op: Uint8Array;
  readonly cell: Int32Array;
  readonly site: Int32Array;
  /** 1 where the event wrote its cell. */
  readonly wrote: Uint8Array;
  /** Number of the event within its thread. */
  readonly ordinal: Int32Array;
  readonly index: Int32Array;
  readonly operand: number[] = [];
  readonly expected: number[] = [];
  readonly before: number[] = [];
  readonly after: number[] = [];
  /** What the thread was resumed with. */
  readonly value: number[] = [];
  readonly view: (View | undefined)[] = [];
  /** Of a hint read that gave an older write: the number of that write of its cell, 0 for the value before the first; else −1. */
  readonly stale: Int32Array;
  /** Cells that a pause waited for, or a wait compared. */
  readonly watched: (readonly number[] | undefined)[] = [];
  /** 1 where a thread went on only because nobody else could. */
  readonly released: Uint8Array;
  /** Of a pause or a timeout: rounds of waiting that follow until the thread gives up, if nothing changes; −1: unknown, or it never does. */
  readonly rounds: Int32Array;
  /** 1 where the thread takes the next step as well: it is on its way to giving up. */
  readonly runsOn: Uint8Array;
  /** Of a wake: the position of the notify that ended the sleep; −1: it timed out. */
  readonly waker: Int32Array;
  /** By thread: events so far, and the position of its last (−1: none). */
  readonly count: Int32Array;
  readonly last: Int32Array;
  readonly #position: Int32Array;

  constructor(threads: number, stepsMax: number) {
    this.threads = threads;
    this.stepsMax = stepsMax;
    this.thread = new Uint8Array(stepsMax);
    this.op = new Uint8Array(stepsMax);
    this.cell = new Int32Array(stepsMax);
    this.site = new Int32Array(stepsMax);
    this.wrote = new Uint8Array(stepsMax);
    this.ordinal = new Int32Array(stepsMax);
    this.released = new Uint8Array(stepsMax);
    this.rounds = new Int32Array(stepsMax);
    this.runsOn = new Uint8Array(stepsMax);
    this.waker = new Int32Array(stepsMax);
    this.stale = new Int32Array(stepsMax).fill(-1);
    this.index = new Int32Array(stepsMax);
    this.count = new Int32Array(threads);
    this.last = new Int32Array(threads).fill(-1);
    this.#position = new Int32Array(threads * stepsMax);
  }

  /** Position of the k-th event of a thread. */
  position(thread: number, k: number): number {
    return this.#position[thread * this.stepsMax + k] as number;
  }

  /** The turns of the first `depth` steps. */
  turns(depth = this.depth): number[] {
    return Array.from(this.thread.subarray(0, depth), (thread, at) => turnOf(thread, this.stale[at] as number));
  }

  /** The event at `depth` is complete. */
  protected append(thread: number): void {
    const at = this.depth;
    this.#position[thread * this.stepsMax + (this.count[thread] as number)] = at;
    this.count[thread] = (this.count[thread] as number) + 1;
    this.last[thread] = at;
    this.depth = at + 1;
  }

  /** Takes back the thread's last event, which is the last of all. */
  protected retract(thread: number): void {
    const count = (this.count[thread] as number) - 1;
    this.count[thread] = count;
    this.last[thread] = count === 0 ? -1 : this.position(thread, count - 1);
    this.depth--;
  }
}
