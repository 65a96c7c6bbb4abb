import { ThreadState, type Execution } from './execution.ts';
import { Linearizations } from './linearizations.ts';
import { abandon, exhausted, type Scheduler } from './scheduler.ts';
import { TriedReads } from './tried-reads.ts';

/**
 * Iterative preemption bounding (Musuvathi, Qadeer: Iterative context bounding, PLDI 2007): all executions that can be run with no
 * preemption (a switch away from a thread that could go on, and not where it may have to wait), then with one, and so on up to `preemptions`, so that the first that fails
 * has the fewest. It asks no race where to turn back: with a bound, the execution in which a race shows may need more preemptions than
 * the one that the race asks for, so that pruning would lose some (Coons, Musuvathi, McKinley, OOPSLA 2013). Instead every choice within
 * the bound is tried, but for switches that merely postpone, and of the orders of one trace all but the first are revisits.
 */
export class BoundedPreemptions implements Scheduler {
  readonly #most: number;
  #bound = 0;
  /** Whether a switch was left out for the bound. */
  #limited = false;
  readonly #open: Int32Array;
  /** Preemptions before each depth. */
  readonly #spent: Int32Array;
  #visited = 0;
  #linearizations: Linearizations | undefined;
  readonly #reads = new TriedReads();
  readonly #before: Int32Array;

  constructor(stepsMax: number, threads: number, preemptions: number) {
    this.#most = preemptions;
    this.#before = new Int32Array(threads);
    this.#open = new Int32Array(stepsMax + 1);
    this.#spent = new Int32Array(stepsMax + 2);
  }

  /** Whether some execution needs more preemptions than were allowed, as far as is known. */
  get limited(): boolean {
    return this.#limited;
  }

  choose(execution: Execution): number {
    const at = execution.depth;
    const current = at === 0 ? -1 : (execution.thread[at - 1] as number);
    const stays = current >= 0 && execution.canStep(current);
    if (at >= this.#visited) {
      this.#open[at] = this.#choices(execution, current, stays);
      this.#visited = at + 1;
    }
    const open = this.#open[at] as number;
    if (open === 0) return abandon;
    const { again } = this.#reads;
    const choice = again >= 0 ? again : stays && (open & (1 << current)) !== 0 ? current : 31 - Math.clz32(open & -open);
    this.#spent[at + 1] = (this.#spent[at] as number) + (choice !== current && stays && execution.isPreemptible(current) ? 1 : 0);
    return execution.isWeak ? this.#reads.turn(execution, choice) : choice;
  }

  next(execution: Execution): number {
    for (let at = execution.depth - 1; at >= 0; at--) {
      if (execution.isWeak && this.#reads.next(execution, at)) {
        this.#visited = at + 1;
        return at;
      }
      this.#open[at] = (this.#open[at] as number) & ~(1 << (execution.thread[at] as number));
      if (this.#open[at] !== 0) {
        this.#visited = at + 1;
        return at;
      }
    }
    if (!this.#limited || this.#bound === this.#most) return exhausted;
    this.#bound++;
    this.#limited = false;
    this.#visited = 0;
    return 0;
  }

  /** Whether the execution that just ended was seen with fewer preemptions, or is not the order that stands for its trace. */
  revisits(execution: Execution): boolean {
    if ((this.#spent[execution.depth] as number) < this.#bound) return true;
    if (execution.enabled() !== 0) return false;
    this.#linearizations ??= new Linearizations(execution);
    this.#linearizations.fewest();
    return !this.#linearizations.isFirst();
  }

  /** Threads to go on with after `current`. */
  #choices(execution: Execution, current: number, stays: boolean): number {
    const own = stays ? 1 << current : 0;
    if (current >= 0 && this.#comesLate(execution, current)) return own;
    let useful = 0;
    for (let rest = execution.enabled() & ~own; rest !== 0; rest &= rest - 1) {
      const thread = 31 - Math.clz32(rest & -rest);
      if (execution.hadToWait(thread)) useful |= 1 << thread;
    }
    if (stays && execution.isPreemptible(current) && this.#spent[execution.depth] === this.#bound) {
      if (useful !== 0) this.#limited = true;
      return own;
    }
    return useful | own;
  }

  /**
   * Whether the run of `current` that would end here could have come before the runs of others, in the order that {@link Linearizations}
   * prefers: what can run to its end goes first, then the lowest thread.
   */
  #comesLate(execution: Execution, current: number): boolean {
    const { threads, thread, order, state, last } = execution;
    const end = execution.depth - 1;
    const ends = state[current] === ThreadState.finished;
    const before = this.#before;
    before.set(execution.count);
    let at = end;
    while (at >= 0 && thread[at] === current) at--;
    while (at >= 0) {
      const other = thread[at] as number;
      const otherEnds = state[other] === ThreadState.finished && last[other] === at;
      for (; at >= 0 && thread[at] === other; at--) before[other] = (before[other] as number) - 1;
      if (other === current) return false;
      for (let each = 0; each < threads; each++) {
        if (each !== current && (order.clock[end * threads + each] as number) > (before[each] as number)) return false;
      }
      if (ends ? !otherEnds || other > current : !otherEnds && other > current) return true;
    }
    return false;
  }
}
