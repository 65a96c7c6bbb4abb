import type { Geometry } from 'frameproof';

/** Frames of a word of the bitmap: few, so that small geometries have several words and one that is not full. */
export const framesPerWord = 2;
const hint = 0;
const freeCount = 1;

export interface HintedShared {
  readonly bitmap: SharedArrayBuffer;
  readonly runs: SharedArrayBuffer;
  readonly counters: SharedArrayBuffer;
  readonly total: number;
  readonly firstFrame: number;
}

export function createHinted({ frames, firstFrame, reserved }: Pick<Geometry, 'frames' | 'firstFrame' | 'reserved'>): HintedShared {
  const shared = {
    bitmap: new SharedArrayBuffer(4 * Math.ceil(frames / framesPerWord)),
    runs: new SharedArrayBuffer(4 * frames),
    counters: new SharedArrayBuffer(8),
    total: frames,
    firstFrame,
  };
  const bitmap = new Int32Array(shared.bitmap);
  let free = 0;
  for (let at = 0; at < frames; at++) {
    if (reserved.some(({ start, count }) => firstFrame + at >= start && firstFrame + at < start + count)) continue;
    bitmap[Math.floor(at / framesPerWord)] = (bitmap[Math.floor(at / framesPerWord)] as number) | (1 << (at % framesPerWord));
    free++;
  }
  new Int32Array(shared.counters)[freeCount] = free;
  return shared;
}

/**
 * The bitmap of the design document for one worker: a bit a frame (one: free), a hint where the next search begins, and a count of free
 * frames. The count of each allocation is kept at its first frame. Canaries replace one of the steps.
 */
export class HintedBitmap {
  protected readonly bitmap: Int32Array;
  protected readonly runs: Int32Array;
  protected readonly counters: Int32Array;
  protected readonly total: number;
  protected readonly firstFrame: number;

  constructor({ bitmap, runs, counters, total, firstFrame }: HintedShared) {
    this.bitmap = new Int32Array(bitmap);
    this.runs = new Int32Array(runs);
    this.counters = new Int32Array(counters);
    this.total = total;
    this.firstFrame = firstFrame;
  }

  allocate(count: number): number {
    if (count < 1) return -2;
    const start = this.search(Atomics.load(this.counters, hint), count);
    if (start < 0) return -1;
    for (let at = start; at < start + count; at++) Atomics.and(this.bitmap, Math.floor(at / framesPerWord), ~(1 << (at % framesPerWord)));
    Atomics.store(this.runs, start, count);
    this.account(-count);
    this.remember(start + count);
    return this.firstFrame + start;
  }

  free(frame: number, count: number): number {
    const start = frame - this.firstFrame;
    if (count < 1 || start < 0 || start >= this.total || Atomics.load(this.runs, start) !== count) return -4;
    Atomics.store(this.runs, start, 0);
    for (let at = start; at < start + count; at++) Atomics.or(this.bitmap, Math.floor(at / framesPerWord), 1 << (at % framesPerWord));
    this.account(count);
    return 0;
  }

  framesFree(): number {
    return Atomics.load(this.counters, freeCount);
  }

  /** The first frame from `from` on, and around, at which a run of free frames begins; −1 if there is none. */
  protected search(from: number, count: number): number {
    let start = from;
    for (let tried = 0; tried < this.total; tried++) {
      if (this.isFree(start) && this.fits(start, count)) return start;
      start = (start + 1) % this.total;
    }
    return -1;
  }

  protected fits(start: number, count: number): boolean {
    if (start + count > this.total) return false;
    for (let at = start; at < start + count; at++) if (!this.isFree(at)) return false;
    return true;
  }

  protected isFree(at: number): boolean {
    return (Atomics.load(this.bitmap, Math.floor(at / framesPerWord)) & (1 << (at % framesPerWord))) !== 0;
  }

  protected account(change: number): void {
    Atomics.add(this.counters, freeCount, change);
  }

  protected remember(next: number): void {
    Atomics.store(this.counters, hint, next % this.total);
  }
}
