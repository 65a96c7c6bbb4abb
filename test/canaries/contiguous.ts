import type { FrameWords } from './frames.ts';

/** Runs of frames, first fit, for one worker. `recorded` keeps the count of each allocation, and frees nothing else. */
export class Contiguous {
  readonly #words: Int32Array;
  readonly #shared: FrameWords;
  readonly #recorded: boolean;

  constructor(shared: FrameWords, recorded: boolean) {
    this.#words = new Int32Array(shared.memory);
    this.#shared = shared;
    this.#recorded = recorded;
  }

  allocate(count: number): number {
    const { frames, firstFrame } = this.#shared;
    if (count < 1 || count > frames) return -1;
    let length = 0;
    for (let frame = 0; frame < frames; frame++) {
      length = Atomics.load(this.#words, frame) === 1 ? length + 1 : 0;
      if (length < count) continue;
      const start = frame + 1 - count;
      for (let taken = start; taken <= frame; taken++) Atomics.store(this.#words, taken, 0);
      if (this.#recorded) Atomics.store(this.#words, frames + start, count);
      return firstFrame + start;
    }
    return -1;
  }

  free(frame: number, count: number): number {
    const { frames, firstFrame } = this.#shared;
    const start = frame - firstFrame;
    if (count < 1 || start < 0 || start + count > frames) return -3;
    if (this.#recorded && Atomics.compareExchange(this.#words, frames + start, count, 0) !== count) return -4;
    for (let each = start; each < start + count; each++) if (Atomics.load(this.#words, each) === 1) return -4;
    for (let each = start; each < start + count; each++) Atomics.store(this.#words, each, 1);
    return 0;
  }
}
