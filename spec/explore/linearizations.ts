import { Op } from './access.ts';
import type { Execution } from './execution.ts';
import { waitsForNothing } from './program.ts';
import { ThreadState } from './threads.ts';

/**
 * The orders that are equivalent to the one in which an execution ran (same trace: same order of every two dependent events), searched
 * for one with the fewest preemptions. A preemption is a switch away from a thread that has not finished and does not stand where it may
 * have to wait (a pause, the end of a sleep, an invocation that is handed a frame): that is its own doing. Some best order always lets a thread run as long as the trace allows once it has its turn, and lets one that can run to its end do so at once: moving those events
 * forward breaks no dependence and adds no switch. So only the choice of the next thread is searched, over the consistent cuts of the
 * trace, and a cut from which the rest is known to need more preemptions is not searched again.
 */
export class Linearizations {
  readonly #execution: Execution;
  readonly #threads: number;
  /** One cut per row, as numbers of events by thread; row n is the cut after n blocks. */
  #cuts: Int32Array;
  /** The thread of each block of the order found. */
  readonly #blocks: number[] = [];
  readonly #scale: Float64Array;
  /** By cut: preemptions that are known not to suffice for the rest. */
  readonly #failed = new Map<number | string, number>();
  #exactKeys = true;

  constructor(execution: Execution) {
    this.#execution = execution;
    this.#threads = execution.threads;
    this.#cuts = new Int32Array(64 * this.#threads);
    this.#scale = new Float64Array(this.#threads);
  }

  /** Preemptions of the best order of the execution as it is now. */
  fewest(): number {
    const { count } = this.#execution;
    let size = 1;
    for (let thread = 0; thread < this.#threads; thread++) {
      this.#scale[thread] = size;
      size *= (count[thread] as number) + 1;
    }
    this.#exactKeys = size <= Number.MAX_SAFE_INTEGER;
    this.#failed.clear();
    for (let bound = 0; ; bound++) {
      this.#blocks.length = 0;
      this.#cuts.fill(0, 0, this.#threads);
      if (this.#reaches(0, bound)) return bound;
    }
  }

  /**
   * Whether the execution ran in the order that {@link fewest} found, which is the same for all executions of one trace: the one that,
   * of the threads to go on with, takes the lowest that leads to a best order. Only after `fewest`.
   */
  isFirst(): boolean {
    const { thread } = this.#execution;
    const { length } = this.#blocks;
    let at = 0;
    for (let block = 0; block < length; block++) {
      const own = this.#blocks[block] as number;
      const steps = this.#at(block + 1, own) - this.#at(block, own);
      for (let step = 0; step < steps; step++) if (thread[at++] !== own) return false;
    }
    return true;
  }

  /** Whether the rest after the cut in `row` can be run with that many preemptions; if so, notes the blocks. */
  #reaches(row: number, preemptions: number): boolean {
    let only = -1;
    let ready = 0;
    let left = false;
    for (let thread = 0; thread < this.#threads; thread++) {
      const more = (this.#execution.count[thread] as number) - this.#at(row, thread);
      if (more === 0) continue;
      left = true;
      const steps = this.#runs(row, thread);
      if (steps > 0) ready |= 1 << thread;
      // One that is stuck has run to no end: whether it is shows only later.
      if (steps === more && this.#execution.state[thread] === ThreadState.finished) {
        only = thread;
        break;
      }
    }
    if (!left) return true;
    if (only >= 0) {
      this.#advance(row, only);
      return this.#reaches(row + 1, preemptions);
    }
    const key = this.#key(row);
    if ((this.#failed.get(key) ?? -1) >= preemptions) return false;
    for (let rest = ready; rest !== 0; rest &= rest - 1) {
      const thread = 31 - Math.clz32(rest & -rest);
      this.#advance(row, thread);
      const cost = this.#isPreempted(row + 1, thread) ? 1 : 0;
      if (cost <= preemptions && this.#reaches(row + 1, preemptions - cost)) return true;
      this.#blocks.length = row;
    }
    this.#failed.set(key, preemptions);
    return false;
  }

  /** Writes the cut after the longest run of a thread into the next row. */
  #advance(row: number, thread: number): void {
    const threads = this.#threads;
    if ((row + 2) * threads > this.#cuts.length) {
      const larger = new Int32Array(this.#cuts.length * 2);
      larger.set(this.#cuts);
      this.#cuts = larger;
    }
    const steps = this.#runs(row, thread);
    this.#cuts.copyWithin((row + 1) * threads, row * threads, (row + 1) * threads);
    this.#cuts[(row + 1) * threads + thread] = this.#at(row, thread) + steps;
    this.#blocks.length = row;
    this.#blocks.push(thread);
  }

  /** Events that a thread can take in a row from a cut. */
  #runs(row: number, thread: number): number {
    const execution = this.#execution;
    const threads = this.#threads;
    const { clock } = execution.order;
    const done = this.#at(row, thread);
    const count = execution.count[thread] as number;
    for (let k = done; k < count; k++) {
      const base = execution.position(thread, k) * threads;
      for (let other = 0; other < threads; other++) {
        if (other !== thread && (clock[base + other] as number) > this.#at(row, other)) return k - done;
      }
    }
    return count - done;
  }

  /** Whether it is a preemption to leave a thread at a cut. */
  #isPreempted(row: number, thread: number): boolean {
    const execution = this.#execution;
    const done = this.#at(row, thread);
    if (done === execution.count[thread]) return false;
    const next = execution.position(thread, done);
    const op = execution.op[next] as number;
    return op !== Op.pause && op !== Op.wake && (op !== Op.invoke || execution.index[next] === waitsForNothing);
  }

  #at(row: number, thread: number): number {
    return this.#cuts[row * this.#threads + thread] as number;
  }

  #key(row: number): number | string {
    const threads = this.#threads;
    if (!this.#exactKeys) return this.#cuts.subarray(row * threads, (row + 1) * threads).join();
    let key = 0;
    for (let thread = 0; thread < threads; thread++) key += this.#at(row, thread) * (this.#scale[thread] as number);
    return key;
  }
}
