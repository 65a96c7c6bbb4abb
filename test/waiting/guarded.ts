import type { Geometry, ObservedFrame } from 'frameproof';

/** A word with a bit for each frame in use, two words for locks, and one with a bit for each reserved frame. */
export interface GuardedMemory {
  readonly memory: SharedArrayBuffer;
  readonly frames: number;
  readonly firstFrame: number;
}

const map = 0;
export const lockWord = 1;

const reservedWord = 3;

export function createGuarded({ frames, firstFrame, reserved }: Geometry): GuardedMemory {
  const memory = new SharedArrayBuffer(16);
  const words = new Int32Array(memory);
  for (const { start, count } of reserved) words[reservedWord]! |= ((1 << count) - 1) << (start - firstFrame);
  words[map] = words[reservedWord]!;
  return { memory, frames, firstFrame };
}

export function observeGuarded({ memory, frames }: GuardedMemory): ObservedFrame[] {
  const words = new Int32Array(memory);
  return Array.from({ length: frames }, (_, at) => ((words[map]! & (1 << at)) === 0 ? 'free' : (words[reservedWord]! & (1 << at)) === 0 ? 'allocated' : 'reserved'));
}

/** Single frames behind a lock that a subclass brings. The map is touched plainly: that the lock keeps others out is checked as well. */
export abstract class Guarded {
  protected readonly words: Int32Array;
  readonly #frames: number;
  readonly #firstFrame: number;

  constructor({ memory, frames, firstFrame }: GuardedMemory) {
    this.words = new Int32Array(memory);
    this.#frames = frames;
    this.#firstFrame = firstFrame;
  }

  allocate(_count: number): number {
    this.lock('allocate');
    const used = this.words[map]!;
    let at = 0;
    while (at < this.#frames && (used & (1 << at)) !== 0) at++;
    if (at === this.#frames) {
      this.unlock();
      return -1;
    }
    this.words[map] = used | (1 << at);
    this.unlock();
    return this.#firstFrame + at;
  }

  free(frame: number, count: number): number {
    if (frame < this.#firstFrame || frame >= this.#firstFrame + this.#frames) return -3;
    if (count !== 1) return -5;
    const bit = 1 << (frame - this.#firstFrame);
    if ((this.words[reservedWord]! & bit) !== 0) return -6;
    this.lock('free');
    const used = this.words[map]!;
    const owned = (used & bit) !== 0;
    if (owned) this.words[map] = used & ~bit;
    this.unlock();
    return owned ? 0 : -4;
  }

  protected abstract lock(operation: 'allocate' | 'free'): void;
  protected abstract unlock(): void;
}
