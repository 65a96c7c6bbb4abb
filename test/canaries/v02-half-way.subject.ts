import { defineSubject } from 'frameproof';
import { Contiguous } from './contiguous.ts';
import { createFrameWords, free, observeFrameWords, taken } from './frames.ts';

/** V02: a free that fails half-way leaves the frames free that it had freed before it failed. */
class HalfWay extends Contiguous {
  override free(frame: number, count: number): number {
    const { frames, firstFrame } = this.shared;
    const start = frame - firstFrame;
    if (count < 1 || start < 0 || start + count > frames) return -3;
    for (let each = start; each < start + count; each++) {
      if (Atomics.load(this.words, each) !== taken) return -4;
      Atomics.store(this.words, each, free);
    }
    return 0;
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
