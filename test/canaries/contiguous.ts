import { free, reserved, taken, type FrameWords } from './frames.ts';

/** Runs of frames, first fit, for one worker, with a record of the count of each allocation. Right as it stands; canaries replace a part of it. */
export class Contiguous {
  protected readonly words: Int32Array;
  protected readonly shared: FrameWords;

  constructor(shared: FrameWords) {
    this.words = new Int32Array(shared.memory);
    this.shared = shared;
  }

  allocate(count: number): number {
    if (count < 1 || count > this.shared.largest) return -2;
    const start = this.find(count);
    if (start < 0) return -1;
    this.take(start, count);
    return this.shared.firstFrame + start;
  }

  free(frame: number, count: number): number {
    const { frames, firstFrame } = this.shared;
    const start = frame - firstFrame;
    if (count < 1) return -2;
    if (start < 0 || start + count > frames) return -3;
    const wrong = this.whyNotLive(start, count);
    if (wrong !== 0) return wrong;
    this.give(start, count);
    return 0;
  }

  framesFree(): number {
    let counted = 0;
    for (let frame = 0; frame < this.shared.frames; frame++) if (Atomics.load(this.words, frame) === free) counted++;
    return counted;
  }

  /** The first frame of the first free run, or −1. */
  protected find(count: number): number {
    let length = 0;
    for (let frame = 0; frame < this.shared.frames; frame++) {
      length = Atomics.load(this.words, frame) === free ? length + 1 : 0;
      if (length === count) return frame + 1 - count;
    }
    return -1;
  }

  protected take(start: number, count: number): void {
    for (let frame = start; frame < start + count; frame++) Atomics.store(this.words, frame, taken);
    Atomics.store(this.words, this.shared.frames + start, count);
  }

  protected whyNotLive(start: number, count: number): number {
    for (let frame = start; frame < start + count; frame++) if (Atomics.load(this.words, frame) === reserved) return -6;
    if (Atomics.load(this.words, start) === free) return -4;
    return Atomics.load(this.words, this.shared.frames + start) === count ? 0 : -5;
  }

  protected give(start: number, count: number): void {
    Atomics.store(this.words, this.shared.frames + start, 0);
    for (let frame = start; frame < start + count; frame++) Atomics.store(this.words, frame, free);
  }
}
