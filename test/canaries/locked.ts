import type { Geometry } from 'frameproof';
import { Contiguous } from './contiguous.ts';
import { createFrameWords, type FrameWords } from './frames.ts';

/** Word 0 of `lock`: 1 while it is held. Word 1: free frames, as counted last. */
export interface LockedWords extends FrameWords {
  readonly lock: SharedArrayBuffer;
}

export function createLocked(geometry: Geometry): LockedWords {
  const lock = new SharedArrayBuffer(8);
  new Int32Array(lock)[1] = geometry.reserved.reduce((left, { count }) => left - count, geometry.frames);
  return { ...createFrameWords(geometry), lock };
}

/** Runs of frames behind one spin lock that is not re-entrant, with statistics. Right as it stands; canaries replace a part of it. */
export class Locked extends Contiguous {
  readonly #lock: Int32Array;

  constructor(shared: LockedWords) {
    super(shared);
    this.#lock = new Int32Array(shared.lock);
  }

  override allocate(count: number): number {
    this.acquire();
    const frame = super.allocate(count);
    this.updateStatistics();
    this.release();
    return frame;
  }

  override free(frame: number, count: number): number {
    this.acquire();
    const answer = this.freeHeld(frame, count);
    this.updateStatistics();
    this.release();
    return answer;
  }

  override framesFree(): number {
    return Atomics.load(this.#lock, 1);
  }

  /** Frees with the lock held. */
  protected freeHeld(frame: number, count: number): number {
    return super.free(frame, count);
  }

  /** Counts with the lock held. */
  protected updateStatistics(): void {
    Atomics.store(this.#lock, 1, super.framesFree());
  }

  protected acquire(): void {
    while (Atomics.compareExchange(this.#lock, 0, 0, 1) !== 0) Atomics.pause();
  }

  protected release(): void {
    Atomics.store(this.#lock, 0, 0);
  }
}
