/** Single frames, one bit each; a one is free. */
export class Bitmap {
  readonly #words: Int32Array;
  readonly #frames: number;
  readonly #first: number;
  constructor(words: Int32Array, frames: number, first: number) {
    this.#words = words;
    this.#frames = frames;
    this.#first = first;
  }
  allocate(_count: number): number {
    for (let word = 0; word < this.#words.length; word++) {
      let free = Atomics.load(this.#words, word);
      while (free !== 0) {
        const bit = 31 - Math.clz32(free & -free);
        const found = Atomics.compareExchange(this.#words, word, free, free & ~(1 << bit));
        if (found === free) return this.#first + word * 32 + bit;
        free = found;
      }
    }
    return -1;
  }
  free(frame: number, count: number): number {
    const at = frame - this.#first;
    if (count !== 1 || at < 0 || at >= this.#frames) return -3;
    const bit = 1 << (at & 31);
    return (Atomics.or(this.#words, at >> 5, bit) & bit) === 0 ? 0 : -4;
  }
}
