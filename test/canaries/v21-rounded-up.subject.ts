import { defineSubject } from 'frameproof';
import { Contiguous } from './contiguous.ts';
import { createFrameWords, observeFrameWords, taken } from './frames.ts';

/** V21: a count is rounded up to a power of two when it is taken, and taken at its word when it is given back. */
class RoundedUp extends Contiguous {
  override allocate(count: number): number {
    const rounded = 2 ** Math.ceil(Math.log2(count));
    const start = this.find(rounded);
    if (start < 0) return super.allocate(count);
    for (let frame = start; frame < start + rounded; frame++) Atomics.store(this.words, frame, taken);
    Atomics.store(this.words, this.shared.frames + start, count);
    return this.shared.firstFrame + start;
  }
}

export default defineSubject({
  name: 'v21-rounded-up',
  features: { contiguous: true },
  limits: { framesMax: 12, workersMax: 1 },
  create: createFrameWords,
  attach: (shared) => new RoundedUp(shared),
  observe: observeFrameWords,
});
