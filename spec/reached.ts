import type { Phase } from './plan.ts';
import type { Reach } from './search.ts';

/** A phase that does not set out to run every execution. */
export type SampledPhase = Extract<Phase, { readonly strategy: 'bounded' | 'pct' | 'random' | 'portfolio' }>;

/** How many scenarios of a phase were searched how far. Plain data. */
export interface ReachState {
  readonly all: number;
  readonly bound: number;
  readonly others: number;
  readonly probability: number;
}

/** Adds up how far the scenarios of a phase were searched, and says it. */
export class Reached {
  #all: number;
  /** Not all executions, but all within the bound. */
  #bound: number;
  #others: number;
  /** The least of any scenario that was not exhausted. */
  #probability: number;

  constructor({ all, bound, others, probability }: ReachState = { all: 0, bound: 0, others: 0, probability: 1 }) {
    this.#all = all;
    this.#bound = bound;
    this.#others = others;
    this.#probability = probability;
  }

  add({ all, bound, probability }: Reach): void {
    if (all) this.#all++;
    else if (bound) this.#bound++;
    else this.#others++;
    if (!all && probability !== undefined) this.#probability = Math.min(this.#probability, probability);
  }

  state(): ReachState {
    return { all: this.#all, bound: this.#bound, others: this.#others, probability: this.#probability };
  }

  /** Whether every scenario was searched as far as a bounded phase plans. */
  get withinBound(): boolean {
    return this.#others === 0;
  }

  /** What was proven by a phase that found nothing, in words. */
  claim(phase: SampledPhase): string {
    const scenarios = this.#all + this.#bound + this.#others;
    if (this.#all === scenarios) return 'exhausted';
    const some = this.#all === 0 ? '' : `, ${this.#all} of ${scenarios} scenarios exhausted`;
    const rest = this.#all === 0 ? 'each scenario' : 'each of the others';
    switch (phase.strategy) {
      case 'bounded': {
        const within = `exhausted within ${preemptionsText(phase.preemptions)}`;
        return this.withinBound ? within : `${this.#all + this.#bound} of ${scenarios} scenarios ${within}, not the others`;
      }
      case 'pct':
        return `sampled, finds a bug of depth ${phase.depth} with probability ≥ ${percent(this.#probability)} in ${rest}${some}`;
      case 'random':
        return `sampled${some}`;
      case 'portfolio':
        return `sampled${some}${this.#bound === 0 ? '' : `, ${this.#bound} within ${preemptionsText(phase.preemptions)}`}; finds a bug of depth ${phase.depth} with probability ≥ ${percent(this.#probability)} in ${rest}`;
    }
  }
}

const preemptionsText = (count: number): string => `${count} preemption${count === 1 ? '' : 's'}`;

/** Rounded down, since it is a bound. */
function percent(probability: number): string {
  const digits = probability >= 0.1 ? 0 : Math.min(12, Math.ceil(-Math.log10(probability * 100 + 1e-12)) + 1);
  const scale = 10 ** Math.max(0, digits);
  return `${Math.floor(probability * 100 * scale) / scale} %`;
}
