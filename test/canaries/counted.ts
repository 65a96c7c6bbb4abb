import { Bitmap } from './bitmap.ts';

export interface CountedShared {
  readonly bitmap: SharedArrayBuffer;
  readonly counter: SharedArrayBuffer;
  readonly frames: number;
  readonly firstFrame: number;
}

export function createCounted(frames: number, firstFrame: number): CountedShared {
  const bitmap = new SharedArrayBuffer(4);
  const counter = new SharedArrayBuffer(4);
  new Int32Array(bitmap)[0] = 2 ** frames - 1;
  new Int32Array(counter)[0] = frames;
  return { bitmap, counter, frames, firstFrame };
}

/** A bitmap and, moved after it, a counter of its free frames. */
export abstract class Counted extends Bitmap {
  protected readonly counter: Int32Array;

  constructor({ bitmap, counter, frames, firstFrame }: CountedShared) {
    super(new Int32Array(bitmap), frames, firstFrame);
    this.counter = new Int32Array(counter);
  }

  protected abstract move(change: number): void;

  override allocate(count: number): number {
    const frame = super.allocate(count);
    if (frame >= 0) this.move(-1);
    return frame;
  }

  override free(frame: number, count: number): number {
    const answer = super.free(frame, count);
    if (answer === 0) this.move(1);
    return answer;
  }

  framesFree(): number {
    return Atomics.load(this.counter, 0);
  }
}
