import { defineSubject } from 'frameproof';
import { Pairs, single, used, type PairsShared } from './pairs.ts';

/**
 * V33: an allocate of two frames takes a frame off the list to look at it, finds that it begins no free pair, and gives it back. For that
 * moment the frame is hidden from an allocate that it would suit. (The original takes a frame to compare it with the wanted zone.)
 */
class TakesToLook extends Pairs {
  override allocate(count: number): number {
    if (count !== 2) return super.allocate(count);
    for (let at = 0; at < this.frames; at++) {
      if (!this.#take(at)) continue;
      if (at % 2 === 0 && this.#take(at + 1)) {
        Atomics.or(this.word, 0, used(at, 2));
        return this.firstFrame + at;
      }
      Atomics.or(this.word, 0, single(at));
    }
    return -1;
  }

  override free(frame: number, count: number): number {
    const at = frame - this.firstFrame;
    if (!this.isBlock(at, count)) return -3;
    if ((Atomics.and(this.word, 0, ~used(at, count)) & used(at, count)) === 0) return -4;
    Atomics.or(this.word, 0, count === 1 ? single(at) : single(at) | single(at + 1));
    return 0;
  }

  #take(at: number): boolean {
    return (Atomics.and(this.word, 0, ~single(at)) & single(at)) !== 0;
  }
}

export default defineSubject({
  name: 'v33-takes-to-look',
  features: { contiguous: true },
  limits: { framesMax: 7, countMax: 2 },
  placement: 'buddy',
  create: ({ frames, firstFrame }): PairsShared => {
    const memory = new SharedArrayBuffer(4);
    new Int32Array(memory)[0] = single(frames) - 1;
    return { memory, frames, firstFrame };
  },
  attach: (shared) => new TakesToLook(shared),
});
