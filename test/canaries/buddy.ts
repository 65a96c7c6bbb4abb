/**
 * A sequential buddy beneath a bitmap, as the design that these canaries come from has it: free lists by order, kept here as one order per
 * block start. Each canary switches one mistake on. Sequential only: no canary of it has more than one thread.
 */
export interface BuddyMistakes {
  /** V03: a free that the bitmap refuses is tried on the buddy, which takes it. */
  readonly fallsThrough?: boolean;
  /** V04: the buddy does not look whether the block is free already. */
  readonly takesTwice?: boolean;
}

export interface BuddyShared {
  readonly memory: SharedArrayBuffer;
  readonly frames: number;
  readonly firstFrame: number;
  readonly bitmapFrames: number;
}

const allocated = 0;
const free = 1;

/** Word f: 1 if frame f is free. The next words: a stack of freed frames that the buddy hands out first, its height first. */
export function createBuddy(frames: number, firstFrame: number): BuddyShared {
  const memory = new SharedArrayBuffer(4 * (frames + 1 + 4 * frames));
  const words = new Int32Array(memory);
  for (let frame = 0; frame < frames; frame++) words[frame] = free;
  return { memory, frames, firstFrame, bitmapFrames: Math.ceil(frames / 2) };
}

/** Frames below `bitmapFrames` are a bitmap's; the others are order-0 blocks on the buddy's list. */
export class BitmapAndBuddy {
  readonly #words: Int32Array;
  readonly #shared: BuddyShared;
  readonly #mistakes: BuddyMistakes;

  constructor(shared: BuddyShared, mistakes: BuddyMistakes) {
    this.#words = new Int32Array(shared.memory);
    this.#shared = shared;
    this.#mistakes = mistakes;
  }

  allocate(_count: number): number {
    const { frames, firstFrame, bitmapFrames } = this.#shared;
    for (let frame = 0; frame < bitmapFrames; frame++) {
      if (Atomics.compareExchange(this.#words, frame, free, allocated) === free) return firstFrame + frame;
    }
    const listed = this.#pop();
    if (listed >= 0) return firstFrame + listed;
    for (let frame = bitmapFrames; frame < frames; frame++) {
      if (Atomics.compareExchange(this.#words, frame, free, allocated) === free) return firstFrame + frame;
    }
    return -1;
  }

  free(frame: number, count: number): number {
    const { frames, firstFrame, bitmapFrames } = this.#shared;
    const at = frame - firstFrame;
    if (count !== 1 || at < 0 || at >= frames) return -3;
    if (at < bitmapFrames) {
      if (Atomics.compareExchange(this.#words, at, allocated, free) === allocated) return 0;
      return this.#mistakes.fallsThrough === true ? this.#push(at) : -4;
    }
    if (this.#mistakes.takesTwice === true) return this.#push(at);
    return Atomics.compareExchange(this.#words, at, allocated, free) === allocated ? 0 : -4;
  }

  #push(at: number): number {
    const { frames } = this.#shared;
    const height = Atomics.load(this.#words, frames);
    Atomics.store(this.#words, frames + 1 + height, at);
    Atomics.store(this.#words, frames, height + 1);
    return 0;
  }

  #pop(): number {
    const { frames } = this.#shared;
    const height = Atomics.load(this.#words, frames);
    if (height === 0) return -1;
    Atomics.store(this.#words, frames, height - 1);
    return Atomics.load(this.#words, frames + height);
  }
}
