/** One thing whose cost is measured: `run(n)` does it n times and gives something that depends on the work. */
export interface Cost {
  readonly name: string;
  /** Times it is done in one round. */
  readonly times: number;
  run(times: number): number;
}

/** What something costs, beside a unit measured in the same rounds. */
export interface Measured {
  readonly name: string;
  /** Median over the rounds, in nanoseconds. */
  readonly ns: number;
  /** Median over the rounds of cost ÷ unit of the same round. */
  readonly ratio: number;
  /** The middle half of the ratios. */
  readonly spread: readonly [number, number];
}

const median = (sorted: readonly number[], at = 0.5): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] as number;
const ascending = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);

/**
 * Costs as ratios to a unit: machines are noisy, but what disturbs one round disturbs unit and cost alike. Each round measures the unit before
 * and after the cost. The first rounds, in which the engine compiles, do not count. `now`: milliseconds.
 */
export function* measure(unit: Cost, costs: readonly Cost[], rounds: number, now: () => number): Generator<string, readonly Measured[]> {
  let sink = 0;
  const once = ({ times, run }: Cost): number => {
    const started = now();
    sink += run(times);
    return ((now() - started) * 1e6) / times;
  };
  for (const cost of [unit, ...costs]) for (let warm = 0; warm < 3; warm++) once(cost);
  const measured: Measured[] = [];
  for (const cost of costs) {
    yield cost.name;
    const each: number[] = [];
    const ratios: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const before = once(unit);
      const spent = once(cost);
      ratios.push((2 * spent) / (before + once(unit)));
      each.push(spent);
    }
    const sorted = ascending(ratios);
    measured.push({ name: cost.name, ns: median(ascending(each)), ratio: median(sorted), spread: [median(sorted, 0.25), median(sorted, 0.75)] });
  }
  if (!Number.isFinite(sink)) throw new Error('a measured operation gave no number');
  return measured;
}
