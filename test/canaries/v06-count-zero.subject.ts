import { defineSubject } from 'frameproof';
import { Contiguous } from './contiguous.ts';
import { createFrameWords, observeFrameWords } from './frames.ts';

/** V06: a free with count 0 frees one frame. */
class CountZero extends Contiguous {
  override free(frame: number, count: number): number {
    return super.free(frame, Math.max(1, count));
  }
}

export default defineSubject({
  name: 'v06-count-zero',
  features: { contiguous: true },
  limits: { framesMax: 12, workersMax: 1 },
  create: createFrameWords,
  attach: (shared) => new CountZero(shared),
  observe: observeFrameWords,
});
