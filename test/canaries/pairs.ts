/**
 * A buddy of single frames and pairs whose state is one word: free single frames in bits 0 to 7, free pairs in 8 to 11, single frames in
 * use in 12 to 19, pairs in use in 20 to 23. Here every operation is one step of that word; canaries take two steps where the original
 * releases its lock. Frames are counted from `firstFrame`, which is even.
 */
export interface PairsShared {
  readonly memory: SharedArrayBuffer;
  readonly frames: number;
  readonly firstFrame: number;
}

export const single = (at: number): number => 1 << at;
export const pair = (at: number): number => 0x100 << (at >> 1);
export const used = (at: number, count: number): number => (count === 1 ? 0x1000 << at : 0x10_0000 << (at >> 1));

export function createPairs(frames: number, firstFrame: number): PairsShared {
  const memory = new SharedArrayBuffer(4);
  const word = new Int32Array(memory);
  for (let at = 0; at < frames; at += 2) word[0] = (word[0] as number) | (at + 1 < frames ? pair(at) : single(at));
  return { memory, frames, firstFrame };
}

/** The first frame of the smallest suitable block, and the state once it is taken; undefined if there is none. */
function taken(state: number, count: number): { at: number; next: number } | undefined {
  const singles = state & 0xff;
  const pairs = (state >>> 8) & 0xf;
  if (count === 1 && singles !== 0) {
    const at = 31 - Math.clz32(singles & -singles);
    return { at, next: (state & ~single(at)) | used(at, 1) };
  }
  if (pairs === 0) return undefined;
  const at = 2 * (31 - Math.clz32(pairs & -pairs));
  return { at, next: (state & ~pair(at)) | used(at, count) | (count === 1 ? single(at + 1) : 0) };
}

/** The state once a block that is not in use any more is on a list, merged with its buddy if that is free. */
export function merged(state: number, at: number, count: number): number {
  if (count === 2) return state | pair(at);
  return (state & single(at ^ 1)) === 0 ? state | single(at) : (state & ~single(at ^ 1)) | pair(at);
}

export class Pairs {
  protected readonly word: Int32Array;
  protected readonly frames: number;
  protected readonly firstFrame: number;

  constructor({ memory, frames, firstFrame }: PairsShared) {
    this.word = new Int32Array(memory);
    this.frames = frames;
    this.firstFrame = firstFrame;
  }

  allocate(count: number): number {
    if (count !== 1 && count !== 2) return -2;
    let seen = Atomics.load(this.word, 0);
    for (;;) {
      const block = taken(seen, count);
      if (block === undefined) return -1;
      const now = Atomics.compareExchange(this.word, 0, seen, block.next);
      if (now === seen) return this.firstFrame + block.at;
      seen = now;
    }
  }

  free(frame: number, count: number): number {
    const at = frame - this.firstFrame;
    if (!this.isBlock(at, count)) return -3;
    let seen = Atomics.load(this.word, 0);
    while ((seen & used(at, count)) !== 0) {
      const now = Atomics.compareExchange(this.word, 0, seen, merged(seen & ~used(at, count), at, count));
      if (now === seen) return 0;
      seen = now;
    }
    return -4;
  }

  protected isBlock(at: number, count: number): boolean {
    return (count === 1 || count === 2) && at >= 0 && at + count <= this.frames && at % count === 0;
  }
}
