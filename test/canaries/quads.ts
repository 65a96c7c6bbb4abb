/**
 * A pool of single frames, split by four in Zephyr's way, whose state is one word: free single frames in bits 0 to 7, free blocks of four
 * in 8 and 9, frames in use in 12 to 19. Here every operation is one step of that word; canaries take several where the original releases
 * its lock. Frames are counted from `firstFrame`.
 */
export interface QuadsShared {
  readonly memory: SharedArrayBuffer;
  readonly frames: number;
  readonly firstFrame: number;
}

/** Levels are numbered as in the original: 0 has the largest blocks. */
export const levels = { fours: 0, singles: 1 } as const;
export const none = -1;

export const single = (at: number): number => 1 << at;
export const four = (at: number): number => 0x100 << (at >> 2);
export const used = (at: number): number => 0x1000 << at;
/** The four single frames around one. */
export const around = (at: number): number => 0xf << (at & ~3);

const singlesOf = (state: number): number => state & 0xff;
const foursOf = (state: number): number => (state >>> 8) & 3;
const lowest = (bits: number): number => 31 - Math.clz32(bits & -bits);

export function createQuads(frames: number, firstFrame: number): QuadsShared {
  const memory = new SharedArrayBuffer(4);
  const word = new Int32Array(memory);
  for (let at = 0; at < frames; at++) word[0] = (word[0] as number) | ((at & ~3) + 4 <= frames ? four(at) : single(at));
  return { memory, frames, firstFrame };
}

export class Quads {
  protected readonly word: Int32Array;
  protected readonly frames: number;
  protected readonly firstFrame: number;

  constructor({ memory, frames, firstFrame }: QuadsShared) {
    this.word = new Int32Array(memory);
    this.frames = frames;
    this.firstFrame = firstFrame;
  }

  allocate(_count: number): number {
    let seen = Atomics.load(this.word, 0);
    for (;;) {
      const level = this.levelIn(seen);
      if (level === none) return -1;
      const [at, next] = this.taken(seen, level);
      const now = Atomics.compareExchange(this.word, 0, seen, next);
      if (now === seen) return this.firstFrame + at;
      seen = now;
    }
  }

  free(frame: number, count: number): number {
    const at = frame - this.firstFrame;
    if (count !== 1 || at < 0 || at >= this.frames) return -3;
    let seen = Atomics.load(this.word, 0);
    while ((seen & used(at)) !== 0) {
      const freed = (seen & ~used(at)) | single(at);
      const now = Atomics.compareExchange(this.word, 0, seen, (freed & around(at)) === around(at) ? (freed & ~around(at)) | four(at) : freed);
      if (now === seen) return 0;
      seen = now;
    }
    return -4;
  }

  /** The level with the smallest free block. */
  protected levelIn(state: number): number {
    if (singlesOf(state) !== 0) return levels.singles;
    return foursOf(state) !== 0 ? levels.fours : none;
  }

  /** The frame that a level with a free block gives, and the state then: a block of four is split. */
  protected taken(state: number, level: number): [at: number, next: number] {
    const at = level === levels.singles ? lowest(singlesOf(state)) : 4 * lowest(foursOf(state));
    const rest = level === levels.singles ? 0 : around(at);
    return [at, ((state | rest) & ~single(at) & ~(level === levels.fours ? four(at) : 0)) | used(at)];
  }

  /** Takes a frame from one level in one step; the frame, or none. */
  protected takeFrom(level: number): number {
    let seen = Atomics.load(this.word, 0);
    while ((level === levels.singles ? singlesOf(seen) : foursOf(seen)) !== 0) {
      const [at, next] = this.taken(seen, level);
      const now = Atomics.compareExchange(this.word, 0, seen, next);
      if (now === seen) return at;
      seen = now;
    }
    return none;
  }
}
