import type { Execution } from '../../spec/explore/execution.ts';
import type { Scheduler } from '../../spec/explore/scheduler.ts';

/** A thread that runs for a while: to its end, or for each number of steps in turn. */
export interface Leg {
  readonly thread: number;
  readonly cut?: true;
}

/** Every execution in which threads run one after the other in the order of the legs, cut off at any place where a leg says so: few preemptions, given by hand. */
export class Legs implements Scheduler {
  readonly #legs: readonly Leg[];
  /** Steps of each leg that is cut. */
  readonly #lengths: number[];
  /** Depth at which each leg of this execution ended, and whether its thread could have gone on. */
  #ends: { at: number; more: boolean }[] = [];

  constructor(legs: readonly Leg[]) {
    this.#legs = legs;
    this.#lengths = legs.map(() => 0);
  }

  choose(execution: Execution): number {
    for (;;) {
      const leg = this.#legs[this.#ends.length];
      const since = this.#ends.at(-1)?.at ?? 0;
      if (leg === undefined) return 31 - Math.clz32(execution.enabled() & -execution.enabled());
      const more = execution.canStep(leg.thread);
      if (more && (leg.cut !== true || execution.depth - since < (this.#lengths[this.#ends.length] as number))) return leg.thread;
      this.#ends.push({ at: execution.depth, more });
    }
  }

  /** Odometer: the last leg that was cut short is one step longer, those after it start again. */
  next(): number {
    let last = this.#legs.length - 1;
    while (last >= 0 && !(this.#legs[last]?.cut === true && this.#ends[last]?.more === true)) last--;
    if (last < 0) return -1;
    this.#lengths[last] = (this.#lengths[last] as number) + 1;
    for (let at = last + 1; at < this.#lengths.length; at++) this.#lengths[at] = 0;
    this.#ends = [];
    return 0;
  }
}
