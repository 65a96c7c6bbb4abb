import type { Execution } from './execution.ts';
import { abandon, exhausted, type Scheduler } from './scheduler.ts';
import { TriedReads } from './tried-reads.ts';
import { threadOf, writeOf } from './turn.ts';

/**
 * What is left of a tree: the part below `path` whose first execution turns off at its end. Plain data, so that another thread or
 * another day can go on. A node is `[enabled, backtrack, done, sleep]`, sets of threads; `nodes` are the last ones of the path and the
 * one at its end, all others have nothing left.
 */
export interface Subtree {
  /** The turn of each step from the root. */
  readonly path: readonly number[];
  readonly nodes: readonly (readonly [number, number, number, number])[];
  /** Nodes above this depth are explored completely by somebody: no race asks anything of them. */
  readonly complete: number;
  /** At the end of the path: the thread that has more hint reads to try there, and how many it has tried. */
  readonly again?: { readonly thread: number; readonly tried: number };
}

/**
 * Source-DPOR with sleep sets (Abdulla, Aronis, Jonsson, Sagonas: Optimal dynamic partial order reduction, POPL 2014, algorithm 1):
 * depth first, every Mazurkiewicz trace at least once. Each race of a performed event with an earlier one asks that, before the
 * earlier one, some thread be tried that starts the reversed order. Threads are bits of a number. A thread that
 * reads a hint is tried with each write that it may read, one after the other, and done after the last: which those are depends on nothing that
 * is independent of the read, so that it may sleep as one.
 */
export class Dpor implements Scheduler {
  readonly #backtrack: Int32Array;
  readonly #done: Int32Array;
  readonly #sleep: Int32Array;
  readonly #enabled: Int32Array;
  /** Sleep set for the node that follows the event just performed. */
  readonly #asleep: Int32Array;
  readonly #first: Int32Array;
  readonly #reads = new TriedReads();
  #visited = 0;
  #complete = 0;

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
      choice = this.#reads.again < 0 ? lowest(open) : this.#reads.again;
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
    return execution.isWeak ? this.#reads.turn(execution, choice) : choice;
  }

  performed(execution: Execution): void {
    const { order } = execution;
    for (let race = 0; race < order.raceCount; race++) this.#reverse(execution, order.races[race] as number);
  }

  next(execution: Execution): number {
    for (let at = Math.min(this.#visited, execution.depth) - 1; at >= 0; at--) {
      if (execution.isWeak && this.#reads.next(execution, at)) {
        this.#visited = at + 1;
        // What follows another read is new: nobody else explores it.
        this.#complete = Math.min(this.#complete, at + 1);
        return at;
      }
      this.#done[at] = (this.#done[at] as number) | (1 << (execution.thread[at] as number));
      if (((this.#backtrack[at] as number) & ~(this.#done[at] as number) & ~(this.#sleep[at] as number)) !== 0) {
        this.#visited = at + 1;
        return at;
      }
    }
    return exhausted;
  }

  /** What is left once {@link next} has given a depth that is not yet rewound to. */
  save(execution: Execution): Subtree {
    const end = this.#visited - 1;
    // A node may be complete but for hint reads of the thread that the path goes on with.
    const first = Math.min(end, Math.max(0, this.#complete - 1), execution.isWeak ? this.#reads.firstOpen(end) : Infinity);
    const { again } = this.#reads;
    return {
      path: execution.turns(end), nodes: Array.from({ length: end + 1 - first }, (_, at) => this.#node(first + at)), complete: this.#complete,
      ...(again < 0 ? {} : { again: { thread: again, tried: this.#reads.tried(end) } }),
    };
  }

  /** Goes on with what was left, on an execution of the same program. */
  restore(execution: Execution, { path, nodes, complete, again }: Subtree): void {
    const first = path.length + 1 - nodes.length;
    for (const mask of [this.#enabled, this.#backtrack, this.#done, this.#sleep]) mask.fill(0);
    nodes.forEach(([enabled, backtrack, done, sleep], at) => {
      this.#enabled[first + at] = enabled;
      this.#backtrack[first + at] = backtrack;
      this.#done[first + at] = done;
      this.#sleep[first + at] = sleep;
    });
    this.#visited = path.length + 1;
    this.#complete = complete;
    execution.rewind(0);
    for (const [at, turn] of path.entries()) {
      if (execution.isWeak) this.#reads.begin(at, at < first ? [] : execution.staleWrites(threadOf(turn)), writeOf(turn));
      execution.step(turn);
    }
    if (again !== undefined) this.#reads.resume(path.length, execution.staleWrites(again.thread), again);
  }

  /**
   * Gives away what is open at the shallowest node that has something besides the branch this search is in; to be asked where
   * {@link save} may be. Races found in a part that was given away cannot reach this stack, so the nodes down to that one are expanded
   * fully: every thread that is enabled and not asleep there is explored by somebody.
   */
  donate(execution: Execution): Subtree[] {
    const end = this.#visited - 1;
    const { again } = this.#reads;
    for (let at = this.#complete; at <= end; at++) {
      const done = this.#done[at] as number;
      const sleep = this.#sleep[at] as number;
      const own = 1 << (at < end ? (execution.thread[at] as number) : again >= 0 ? again : lowest((this.#backtrack[at] as number) & ~done & ~sleep));
      const given = (this.#enabled[at] as number) & ~sleep & ~done & ~own;
      this.#backtrack[at] = done | own;
      this.#complete = at + 1;
      if (given === 0) continue;
      const path = execution.turns(at);
      const parts: Subtree[] = [];
      for (let rest = given, before = done | own; rest !== 0; rest &= rest - 1) {
        const branch = rest & -rest;
        parts.push({ path, nodes: [[this.#enabled[at] as number, branch, before, sleep]], complete: at + 1 });
        before |= branch;
      }
      return parts;
    }
    return [];
  }

  /**
   * How much of the tree is left, of 1: each branch at a node counts alike (Knuth, Estimating the efficiency of backtrack programs).
   * An estimate, and too low while races are still to be found.
   */
  left(execution: Execution): number {
    const end = this.#visited - 1;
    let share = 1;
    let left = 0;
    for (let at = Math.max(0, this.#complete - 1); at <= end; at++) {
      const branches = (this.#backtrack[at] as number) & ~(this.#sleep[at] as number);
      const open = branches & ~(this.#done[at] as number) & (at < end ? ~(1 << (execution.thread[at] as number)) : -1);
      const size = Math.max(1, countOf(branches));
      left += (share * countOf(open)) / size;
      share /= size;
    }
    return left;
  }

  #node(at: number): readonly [number, number, number, number] {
    return [this.#enabled[at] as number, this.#backtrack[at] as number, this.#done[at] as number, this.#sleep[at] as number];
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
    if (early < this.#complete) return;
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
  readonly #reads = new TriedReads();
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
    return this.#reads.turn(execution, this.#reads.again < 0 ? lowest(this.#open[at] as number) : this.#reads.again);
  }

  next(execution: Execution): number {
    for (let at = execution.depth - 1; at >= 0; at--) {
      if (this.#reads.next(execution, at)) {
        this.#visited = at + 1;
        return at;
      }
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

function countOf(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
