import { defineSubject } from 'frameproof';
import { Contiguous } from './contiguous.ts';
import { createFrameWords, observeFrameWords } from './frames.ts';

/** V22: a count of 0, and one beyond the largest block, is answered with OutOfMemory. */
class WrongError extends Contiguous {
  override allocate(count: number): number {
    return count < 1 || count > this.shared.largest ? -1 : super.allocate(count);
  }
}

export default defineSubject({
  name: 'v22-wrong-error',
  features: { contiguous: true, exactErrors: true },
  limits: { framesMax: 12, workersMax: 1 },
  create: createFrameWords,
  attach: (shared) => new WrongError(shared),
  observe: observeFrameWords,
});
