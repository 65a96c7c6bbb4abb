import type { Geometry } from 'frameproof';
import algebra, { freeFrames } from './word-algebra.js';

export interface Store {
  readonly memory: SharedArrayBuffer;
  readonly frames: number;
  readonly firstFrame: number;
  /** Frames that are there and not reserved, as a bit set. */
  readonly available: bigint;
}

export function layOut({ frames, firstFrame, reserved }: Geometry): Store {
  const memory = new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT);
  const available = reserved.reduce((left, { start, count }) => left & ~algebra.run(BigInt(start - firstFrame), BigInt(count)), algebra.run(0n, BigInt(frames)));
  new BigInt64Array(memory).set([available]);
  return { memory, frames, firstFrame, available };
}

/** What a change makes of the word, or a code that says why there is none. */
export type Change<Code extends number> = (word: bigint) => bigint | Code;

export class Cell {
  readonly #word: BigInt64Array;
  constructor(memory: SharedArrayBuffer) {
    this.#word = new BigInt64Array(memory);
  }

  get words(): BigInt64Array {
    return this.#word;
  }

  read(): bigint {
    return Atomics.load(this.#word, 0);
  }

  update<Code extends number>(change: Change<Code>): { before: bigint; after: bigint } | Code {
    for (let before = this.read(); ; ) {
      const after = change(before);
      if (typeof after === 'number') return after;
      const found = Atomics.compareExchange(this.#word, 0, before, after);
      if (found === before) return { before, after };
      before = found;
    }
  }
}

export { freeFrames };
export * as constants from './constants.ts';
