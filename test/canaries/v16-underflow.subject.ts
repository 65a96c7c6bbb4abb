import { defineSubject } from 'frameproof';
import { Contiguous } from './contiguous.ts';
import { createFrameWords, observeFrameWords } from './frames.ts';

/** V16: the index of a freed frame is computed before its range is checked, and unsigned arithmetic panics below zero. */
class Underflow extends Contiguous {
  override free(frame: number, count: number): number {
    const start = frame - this.shared.firstFrame;
    if (start < 0) throw new RangeError('attempt to subtract with overflow');
    return super.free(frame, count);
  }
}

export default defineSubject({
  name: 'v16-underflow',
  features: { contiguous: true },
  limits: { framesMax: 12, workersMax: 1 },
  create: createFrameWords,
  attach: (shared) => new Underflow(shared),
  observe: observeFrameWords,
});
