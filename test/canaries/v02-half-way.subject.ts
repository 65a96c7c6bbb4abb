import { defineSubject } from 'frameproof';
import { Contiguous } from './contiguous.ts';
import { createFrameWords, free, observeFrameWords, taken } from './frames.ts';

/** V02: a free clears as it checks, and one that fails half-way leaves free what it had cleared. */
class HalfWay extends Contiguous {
  protected override whyNotLive(start: number, count: number): number {
    for (let frame = start; frame < start + count; frame++) {
      if (Atomics.load(this.words, frame) !== taken) return -4;
      Atomics.store(this.words, frame, free);
    }
    return Atomics.load(this.words, this.shared.frames + start) === count ? 0 : -5;
  }
}

export default defineSubject({
  name: 'v02-half-way',
  features: { contiguous: true },
  limits: { framesMax: 12, workersMax: 1 },
  create: createFrameWords,
  attach: (shared) => new HalfWay(shared),
  observe: observeFrameWords,
});
