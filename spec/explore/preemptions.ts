import type { Execution } from './execution.ts';
import { abandon, exhausted, type Scheduler } from './scheduler.ts';

/**
 * Every schedule with at most `bound` preemptions (switches away from a thread that could go on), without reduction, the thread that
 * runs first. Used to find a failure's fewest preemptions once its scenario is small.
 */
export class BoundedPreemptions implements Scheduler {
  readonly #bound: number;
  readonly #open: Int32Array;
  /** Preemptions before each depth. */
  readonly #spent: Int32Array;
  #visited = 0;

  constructor(stepsMax: number, bound: number) {
    this.#bound = bound;
    this.#open = new Int32Array(stepsMax + 1);
    this.#spent = new Int32Array(stepsMax + 2);
  }

  choose(execution: Execution): number {
    const at = execution.depth;
    const current = at === 0 ? -1 : (execution.thread[at - 1] as number);
    const stays = current >= 0 && execution.canStep(current);
    if (at >= this.#visited) {
      const enabled = execution.enabled();
      this.#open[at] = stays && this.#spent[at] === this.#bound ? 1 << current : enabled;
      this.#visited = at + 1;
    }
    const open = this.#open[at] as number;
    if (open === 0) return abandon;
    const choice = stays && (open & (1 << current)) !== 0 ? current : 31 - Math.clz32(open & -open);
    this.#spent[at + 1] = (this.#spent[at] as number) + (stays && choice !== current ? 1 : 0);
    return choice;
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
