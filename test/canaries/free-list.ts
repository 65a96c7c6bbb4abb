import type { Geometry } from 'frameproof';

/** A word a frame (1: free, 0: taken, 2: reserved), then the height of a stack of free frames, then the stack. */
export interface FreeListWords {
  readonly memory: SharedArrayBuffer;
  readonly frames: number;
  readonly firstFrame: number;
}

export function createFreeList({ frames, firstFrame, reserved }: Geometry): FreeListWords {
  const memory = new SharedArrayBuffer(4 * (frames + 1 + 8 * frames)); // room for frames that are listed more than once
  const words = new Int32Array(memory);
  let height = 0;
  for (let at = frames - 1; at >= 0; at--) {
    const isReserved = reserved.some(({ start, count }) => firstFrame + at >= start && firstFrame + at < start + count);
    words[at] = isReserved ? 2 : 1;
    if (!isReserved) words[frames + 1 + height++] = at;
  }
  words[frames] = height;
  return { memory, frames, firstFrame };
}

/** Single frames from a stack, for one worker. Right as it stands; canaries replace a part of it. */
export class FreeList {
  readonly #words: Int32Array;
  readonly #frames: number;
  readonly #first: number;

  constructor({ memory, frames, firstFrame }: FreeListWords) {
    this.#words = new Int32Array(memory);
    this.#frames = frames;
    this.#first = firstFrame;
  }

  allocate(_count: number): number {
    const height = Atomics.load(this.#words, this.#frames);
    if (height === 0) return -1;
    const at = Atomics.load(this.#words, this.#frames + height);
    Atomics.store(this.#words, this.#frames, height - 1);
    Atomics.store(this.#words, at, 0);
    return this.#first + at;
  }

  free(frame: number, count: number): number {
    const at = frame - this.#first;
    if (count !== 1 || at < 0 || at >= this.#frames || Atomics.load(this.#words, at) !== 0) return -4;
    this.give(at);
    return 0;
  }

  protected give(at: number): void {
    const height = Atomics.load(this.#words, this.#frames);
    Atomics.store(this.#words, at, 1);
    Atomics.store(this.#words, this.#frames + 1 + height, at);
    Atomics.store(this.#words, this.#frames, height + 1);
  }
}
