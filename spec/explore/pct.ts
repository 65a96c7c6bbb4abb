import { Op } from './access.ts';
import type { Execution } from './execution.ts';
import { abandon, exhausted, type Scheduler } from './scheduler.ts';

/** Steps that a thread may take in a row before another is let by. */
const inARowMax = 200;

/**
 * Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte: A randomized scheduler with probabilistic guarantees
 * of finding bugs, ASPLOS 2010): each execution gives the threads random priorities, runs the highest that can step, and lowers the
 * running one at depth − 1 random steps. A bug that takes `depth` ordering constraints to appear, in executions of at most k steps of
 * n threads, is found by each execution with a probability of at least 1 / (n · k^(depth − 1)). A thread that pauses goes behind all
 * others, and so does one that takes very many steps in a row, so that a wait does not starve those it waits for (which weakens the bound for bugs that need such a wait to be
 * cut in upon). `random` gives [0, 1).
 */
export class PriorityWalks implements Scheduler {
  readonly #random: () => number;
  readonly #depth: number;
  readonly #executions: number;
  #ran = 0;
  /** Executions since the last one that was longer than any before: those that the guarantee holds for. */
  #counted = 0;
  #stepsMax = 1;
  readonly #priority: number[];
  #changes: number[] = [];
  #lowest = 0;
  #inARow = 0;

  constructor(executions: number, threads: number, depth: number, random: () => number) {
    this.#random = random;
    this.#depth = depth;
    this.#executions = executions;
    this.#priority = Array.from({ length: threads }, () => 0);
  }

  /** A lower bound of the probability that the executions so far would have shown a bug of this depth, in executions of up to as many steps as the longest seen. */
  get probability(): number {
    return 1 - (1 - 1 / (this.#priority.length * this.#stepsMax ** (this.#depth - 1))) ** this.#counted;
  }

  choose(execution: Execution): number {
    const at = execution.depth;
    if (at === 0) this.#begin();
    let choice = this.#highest(execution);
    if (choice === abandon) return abandon;
    const change = this.#changes.indexOf(at);
    if (change >= 0) {
      // The earlier its place in the list, the lower: places are drawn in no order.
      this.#priority[choice] = -change;
      choice = this.#highest(execution);
    }
    this.#inARow = at > 0 && execution.thread[at - 1] === choice ? this.#inARow + 1 : 0;
    if (execution.nextOp[choice] === Op.pause || this.#inARow > inARowMax) this.#priority[choice] = --this.#lowest;
    return choice;
  }

  next(execution: Execution): number {
    this.#ran++;
    if (execution.depth > this.#stepsMax) {
      // Some room, or each slightly longer execution would begin the count anew.
      this.#stepsMax = execution.depth + (execution.depth >> 3);
      this.#counted = 0;
    } else this.#counted++;
    return this.#ran < this.#executions ? 0 : exhausted;
  }

  #begin(): void {
    const { length } = this.#priority;
    for (let thread = 0; thread < length; thread++) {
      const other = Math.floor(this.#random() * (thread + 1));
      this.#priority[thread] = this.#priority[other] as number;
      this.#priority[other] = 1 + thread;
    }
    this.#changes = Array.from({ length: this.#depth - 1 }, () => Math.floor(this.#random() * this.#stepsMax));
    this.#lowest = -this.#depth;
  }

  #highest(execution: Execution): number {
    let best: number = abandon;
    for (let thread = 0; thread < execution.threads; thread++) {
      if (execution.canStep(thread) && (best === abandon || (this.#priority[thread] as number) > (this.#priority[best] as number))) best = thread;
    }
    return best;
  }
}
