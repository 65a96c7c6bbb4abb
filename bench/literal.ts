import type { Geometry } from '../spec/contract.ts';

const lock = 0;
const hint = 1;
const heads = 2;

/**
 * The reference design taken literally, as a baseline: requests below a chunk from a linear bitmap over the lower half, larger ones from a buddy
 * with a free list for each order over the upper half, one spin lock around both, no fallback from one to the other, no record of allocations.
 */
export class LiteralDesign {
  readonly #words: Int32Array;
  readonly #bitmap: number;
  readonly #bitmapFrames: number;
  readonly #links: number;
  readonly #chunkFrames: number;
  readonly #maxOrder: number;

  constructor({ frames, chunkFrames, maxOrder }: Geometry) {
    this.#bitmapFrames = frames / 2;
    this.#chunkFrames = chunkFrames;
    this.#maxOrder = maxOrder;
    this.#bitmap = heads + maxOrder + 1;
    this.#links = this.#bitmap + this.#bitmapFrames / 32;
    // Two links and an order for each block of a chunk; a block is named by its first chunk, plus one.
    this.#words = new Int32Array(new SharedArrayBuffer(4 * (this.#links + 3 * (frames / 2 / chunkFrames + 1))));
    this.#words.fill(-1, this.#bitmap, this.#links);
    const perBlock = 2 ** maxOrder / chunkFrames;
    for (let chunk = 0; chunk < frames / 2 / chunkFrames; chunk += perBlock) this.#push(chunk, maxOrder);
  }

  allocate(count: number): number {
    this.#acquire();
    const frame = count < this.#chunkFrames ? this.#allocateBits(count) : this.#allocateBlock(Math.ceil(Math.log2(count)));
    Atomics.store(this.#words, lock, 0);
    return frame;
  }

  free(frame: number, count: number): number {
    this.#acquire();
    if (frame < this.#bitmapFrames) for (let at = frame; at < frame + count; at++) this.#setBit(at, 1);
    else this.#freeBlock((frame - this.#bitmapFrames) / this.#chunkFrames, Math.ceil(Math.log2(count)));
    Atomics.store(this.#words, lock, 0);
    return 0;
  }

  #acquire(): void {
    while (Atomics.compareExchange(this.#words, lock, 0, 1) !== 0);
  }

  #setBit(frame: number, bit: number): void {
    const at = this.#bitmap + (frame >> 5);
    const word = this.#words[at] as number;
    this.#words[at] = bit === 1 ? word | (1 << (frame & 31)) : word & ~(1 << (frame & 31));
  }

  #allocateBits(count: number): number {
    const start = this.#words[hint] as number;
    let length = 0;
    for (let step = 0; step < this.#bitmapFrames + count; step++) {
      const frame = (start + step) % this.#bitmapFrames;
      if (frame === 0) length = 0;
      length = ((this.#words[this.#bitmap + (frame >> 5)] as number) & (1 << (frame & 31))) === 0 ? 0 : length + 1;
      if (length < count) continue;
      for (let at = frame + 1 - count; at <= frame; at++) this.#setBit(at, 0);
      this.#words[hint] = (frame + 1) % this.#bitmapFrames;
      return frame + 1 - count;
    }
    return -1;
  }

  #allocateBlock(order: number): number {
    for (let from = order; from <= this.#maxOrder; from++) {
      const block = (this.#words[heads + from] as number) - 1;
      if (block < 0) continue;
      this.#remove(block, from);
      for (let half = from - 1; half >= order; half--) this.#push(block + 2 ** half / this.#chunkFrames, half);
      return this.#bitmapFrames + block * this.#chunkFrames;
    }
    return -1;
  }

  #freeBlock(first: number, order: number): void {
    let block = first;
    let at = order;
    for (; at < this.#maxOrder; at++) {
      const buddy = block ^ (2 ** at / this.#chunkFrames);
      if (this.#words[this.#links + 3 * buddy + 2] !== at + 1) break;
      this.#remove(buddy, at);
      block = Math.min(block, buddy);
    }
    this.#push(block, at);
  }

  #push(block: number, order: number): void {
    const next = this.#words[heads + order] as number;
    const at = this.#links + 3 * block;
    this.#words[at] = next;
    this.#words[at + 1] = 0;
    this.#words[at + 2] = order + 1;
    if (next > 0) this.#words[this.#links + 3 * (next - 1) + 1] = block + 1;
    this.#words[heads + order] = block + 1;
  }

  #remove(block: number, order: number): void {
    const at = this.#links + 3 * block;
    const [next, before] = [this.#words[at] as number, this.#words[at + 1] as number];
    if (before > 0) this.#words[this.#links + 3 * (before - 1)] = next;
    else this.#words[heads + order] = next;
    if (next > 0) this.#words[this.#links + 3 * (next - 1) + 1] = before;
    this.#words[at + 2] = 0;
  }
}
