import { defineSubject, type Geometry } from 'frameproof';

/** Single frames in one word: a request that loses a compareExchange goes on from what it saw. */
class Word {
  private readonly words: Int32Array;
  private readonly first: number;
  private readonly frames: number;

  constructor(memory: SharedArrayBuffer, { firstFrame, frames }: Geometry) {
    this.words = new Int32Array(memory);
    this.first = firstFrame;
    this.frames = frames;
  }

  allocate(): number {
    let seen = Atomics.load(this.words, 0);
    while (seen !== 0) {
      const lowest = seen & -seen;
      const found = Atomics.compareExchange(this.words, 0, seen, seen ^ lowest);
      if (found === seen) return this.first + 31 - Math.clz32(lowest);
      seen = found;
    }
    return -1;
  }

  free(frame: number, count: number): number {
    if (count !== 1 || frame < this.first || frame >= this.first + this.frames) return -3;
    const bit = 1 << (frame - this.first);
    return (Atomics.or(this.words, 0, bit) & bit) === 0 ? 0 : -4;
  }
}

export default defineSubject({
  name: 'word',
  features: { crash: true },
  limits: { framesMax: 8 },
  progress: { allocate: { kind: 'lock-free', steps: 2, perInterference: 1 }, free: { kind: 'lock-free', steps: 1 } },
  create: (geometry: Geometry) => {
    const memory = new SharedArrayBuffer(4);
    new Int32Array(memory)[0] = geometry.reserved.reduce((free, { start, count }) => free & ~(((1 << count) - 1) << (start - geometry.firstFrame)), (1 << geometry.frames) - 1);
    return { memory, geometry };
  },
  attach: ({ memory, geometry }) => new Word(memory, geometry),
  observe: ({ memory, geometry }) => {
    const word = Atomics.load(new Int32Array(memory), 0);
    return Array.from({ length: geometry.frames }, (_, at) => {
      const reserved = geometry.reserved.some(({ start, count }) => geometry.firstFrame + at >= start && geometry.firstFrame + at < start + count);
      return (word & (1 << at)) !== 0 ? 'free' : reserved ? 'reserved' : 'allocated';
    });
  },
});
