import type { Execution } from './execution.ts';
import { abandon, exhausted, type Scheduler } from './scheduler.ts';

/** Uniform random walks: at each scheduling point any thread that can step, with equal probability. `random` gives [0, 1). */
export class RandomWalks implements Scheduler {
  readonly #random: () => number;
  #left: number;

  constructor(executions: number, random: () => number) {
    this.#random = random;
    this.#left = executions;
  }

  choose(execution: Execution): number {
    let enabled = execution.enabled();
    if (enabled === 0) return abandon;
    let count = 0;
    for (let rest = enabled; rest !== 0; rest &= rest - 1) count++;
    for (let skip = Math.floor(this.#random() * count); skip > 0; skip--) enabled &= enabled - 1;
    return 31 - Math.clz32(enabled & -enabled);
  }

  next(): number {
    this.#left--;
    return this.#left > 0 ? 0 : exhausted;
  }
}
