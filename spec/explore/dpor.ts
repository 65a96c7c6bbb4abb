import type { Execution } from './execution.ts';
import { abandon, exhausted, type Scheduler } from './scheduler.ts';

/**
 * Source-DPOR with sleep sets (Abdulla, Aronis, Jonsson, Sagonas: Optimal dynamic partial order reduction, POPL 2014, algorithm 1):
 * depth first, every Mazurkiewicz trace at least once. Each race of a performed event with an earlier one asks that, before the
 * earlier one, some thread be tried that starts the reversed order. Threads are bits of a number.
 */
export class Dpor implements Scheduler {
  readonly #backtrack: Int32Array;
  readonly #done: Int32Array;
  readonly #sleep: Int32Array;
  readonly #enabled: Int32Array;
  /** Sleep set for the node that follows the event just performed. */
  readonly #asleep: Int32Array;
  readonly #first: Int32Array;
  #visited = 0;

  constructor(stepsMax: number, threads: number) {
    this.#backtrack = new Int32Array(stepsMax + 1);
    this.#done = new Int32Array(stepsMax + 1);
    this.#sleep = new Int32Array(stepsMax + 1);
    this.#enabled = new Int32Array(stepsMax + 1);
    this.#asleep = new Int32Array(stepsMax + 1);
    this.#first = new Int32Array(threads);
  }

  choose(execution: Execution): number {
    const at = execution.depth;
    let choice: number;
    if (at < this.#visited) {
      const open = (this.#backtrack[at] as number) & ~(this.#done[at] as number) & ~(this.#sleep[at] as number);
      choice = lowest(open);
    } else {
      const enabled = execution.enabled();
      const sleep = at === 0 ? 0 : (this.#asleep[at] as number);
      this.#enabled[at] = enabled;
      this.#sleep[at] = sleep;
      this.#done[at] = 0;
      this.#backtrack[at] = 0;
      const open = enabled & ~sleep;
      if (open === 0) return abandon;
      const current = at === 0 ? 0 : 1 << (execution.thread[at - 1] as number);
      choice = lowest((open & current) === 0 ? open : current);
      // Releases are in a race with nothing, so each is tried.
      this.#backtrack[at] = execution.releasing ? enabled : 1 << choice;
      this.#visited = at + 1;
    }
    this.#asleep[at + 1] = this.#stillAsleep(execution, at, choice);
    return choice;
  }

  performed(execution: Execution): void {
    const { order } = execution;
    for (let race = 0; race < order.raceCount; race++) this.#reverse(execution, order.races[race] as number);
  }

  next(execution: Execution): number {
    for (let at = Math.min(this.#visited, execution.depth) - 1; at >= 0; at--) {
      this.#done[at] = (this.#done[at] as number) | (1 << (execution.thread[at] as number));
      if (((this.#backtrack[at] as number) & ~(this.#done[at] as number) & ~(this.#sleep[at] as number)) !== 0) {
        this.#visited = at + 1;
        return at;
      }
    }
    return exhausted;
  }

  /** Of the threads asleep here or done here: those whose next access is independent of the one about to be performed. */
  #stillAsleep(execution: Execution, at: number, choice: number): number {
    let candidates = ((this.#sleep[at] as number) | (this.#done[at] as number)) & ~(1 << choice);
    let asleep = 0;
    while (candidates !== 0) {
      const thread = lowest(candidates);
      candidates &= candidates - 1;
      if (!execution.pendingDependent(thread, choice)) asleep |= 1 << thread;
    }
    return asleep;
  }

  /** Makes sure that the order "what does not follow `early`, then the last event" is explored before `early`. */
  #reverse(execution: Execution, late: number): void {
    let early = late;
    // The steps of somebody on its way to giving up are one, which begins earlier.
    while (early > 0 && execution.runsOn[early - 1] === 1) early--;
    const initials = this.#initials(execution, early) & (this.#enabled[early] as number);
    // None enabled: the last event waited for `early`, and cannot come before it.
    if (initials === 0 || (initials & ((this.#backtrack[early] as number) | (this.#sleep[early] as number))) !== 0) return;
    const last = 1 << (execution.thread[execution.depth - 1] as number);
    this.#backtrack[early] = (this.#backtrack[early] as number) | ((initials & last) === 0 ? initials & -initials : last);
  }

  /** Threads that can come first in: the events after `early` that do not happen after it, then the last event. */
  #initials(execution: Execution, early: number): number {
    const { threads, thread, order } = execution;
    const { clock } = order;
    const last = execution.depth - 1;
    const first = this.#first.fill(-1);
    let seen = 0;
    let initials = 0;
    for (let at = early + 1; at <= last; at++) {
      const own = thread[at] as number;
      if ((seen & (1 << own)) !== 0 || (at !== last && order.happensBefore(early, at))) continue;
      let free = true;
      for (let rest = seen; rest !== 0 && free; rest &= rest - 1) {
        const other = lowest(rest);
        free = (clock[at * threads + other] as number) <= (first[other] as number);
      }
      seen |= 1 << own;
      first[own] = execution.ordinal[at] as number;
      if (free) initials |= 1 << own;
    }
    return initials;
  }
}

/** Every interleaving, without reduction: what the reduced search is compared with. */
export class Unreduced implements Scheduler {
  readonly #open: Int32Array;
  #visited = 0;

  constructor(stepsMax: number) {
    this.#open = new Int32Array(stepsMax + 1);
  }

  choose(execution: Execution): number {
    const at = execution.depth;
    if (at >= this.#visited) {
      this.#open[at] = execution.enabled();
      this.#visited = at + 1;
    }
    if (this.#open[at] === 0) return abandon;
    return lowest(this.#open[at] as number);
  }

  next(execution: Execution): number {
    for (let at = execution.depth - 1; at >= 0; at--) {
      this.#open[at] = (this.#open[at] as number) & ~(1 << (execution.thread[at] as number));
      if (this.#open[at] !== 0) {
        this.#visited = at + 1;
        return at;
      }
    }
    return exhausted;
  }
}

const lowest = (mask: number): number => 31 - Math.clz32(mask & -mask);
