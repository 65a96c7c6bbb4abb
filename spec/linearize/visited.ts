/** How far a search has come: before which return, with which of the open moves used or covered (a bit each), in which state. */
export interface Standpoint {
  readonly turn: number;
  readonly used: bigint;
  readonly covered: bigint;
  readonly state: number;
  /** Optional moves that were placed on the way. */
  readonly chosen: Chosen | undefined;
}

export interface Chosen {
  readonly call: number;
  readonly before: Chosen | undefined;
}

type Masks = Pick<Standpoint, 'used' | 'covered'>;

interface Known {
  readonly exact: Set<string>;
  readonly best: Masks[];
}

/** A longer look back costs more than the standpoints that it saves. */
const compared = 64;

/**
 * The standpoints that a search has been at. One is as good as another, or worse, if both are before the same return in the same state and
 * each open move is covered in the other, or stands in both alike: whatever can follow the first can follow the other.
 */
export class Visited {
  /** By turn and state. */
  readonly #turns: Map<number, Known>[];

  constructor(turns: number) {
    this.#turns = Array.from({ length: turns + 1 }, () => new Map());
  }

  /** False if nothing new can follow from it. */
  add({ turn, used, covered, state }: Standpoint): boolean {
    const states = this.#turns[turn] as Map<number, Known>;
    let known = states.get(state);
    if (known === undefined) {
      known = { exact: new Set(), best: [] };
      states.set(state, known);
    }
    const { exact, best } = known;
    const key = `${used} ${covered}`;
    if (exact.has(key)) return false;
    for (let at = best.length - 1; at >= 0 && at >= best.length - compared; at--) {
      const other = best[at] as Masks;
      if ((((used ^ other.used) | covered) & ~other.covered) === 0n) return false;
    }
    exact.add(key);
    best.push({ used, covered });
    return true;
  }
}
