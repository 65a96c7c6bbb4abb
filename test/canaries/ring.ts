import type { Geometry } from 'frameproof';

/** The frames of a geometry that are not reserved as a ring, with a word for each (1: free) and a hint where the next search begins. */
export interface RingShared {
  readonly words: SharedArrayBuffer;
  readonly hint: SharedArrayBuffer;
  /** Frame numbers, by word. */
  readonly numbers: readonly number[];
}

export function createRing({ frames, firstFrame, reserved }: Geometry): RingShared {
  const all = Array.from({ length: frames }, (_, at) => firstFrame + at);
  const numbers = all.filter((frame) => !reserved.some(({ start, count }) => frame >= start && frame < start + count));
  const words = new SharedArrayBuffer(4 * numbers.length);
  new Int32Array(words).fill(1);
  return { words, hint: new SharedArrayBuffer(4), numbers };
}

/** Single frames for one worker. */
export abstract class Ring {
  readonly #words: Int32Array;
  readonly #hint: Int32Array;
  readonly #numbers: readonly number[];

  constructor({ words, hint, numbers }: RingShared) {
    this.#words = new Int32Array(words);
    this.#hint = new Int32Array(hint);
    this.#numbers = numbers;
  }

  /** The place after one that was looked at or handed out. */
  protected abstract next(at: number, total: number): number;

  allocate(_count: number): number {
    const total = this.#numbers.length;
    let at = this.next(Atomics.load(this.#hint, 0), total);
    for (let tried = 0; tried < total; tried++) {
      if (Atomics.compareExchange(this.#words, at, 1, 0) === 1) {
        Atomics.store(this.#hint, 0, at);
        return this.#numbers[at] as number;
      }
      at = this.next(at, total);
    }
    return -1;
  }

  free(frame: number, count: number): number {
    const at = this.#numbers.indexOf(frame);
    if (count !== 1 || at < 0) return -3;
    return Atomics.compareExchange(this.#words, at, 0, 1) === 0 ? 0 : -4;
  }
}
