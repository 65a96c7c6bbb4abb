import { defineSubject } from 'frameproof';
import { Contiguous } from './contiguous.ts';
import { createFrameWords, observeFrameWords } from './frames.ts';

/** H8: the errors of free are swallowed. */
class Swallowed extends Contiguous {
  override free(frame: number, count: number): number {
    super.free(frame, count);
    return 0;
  }
}

export default defineSubject({
  name: 'h8-swallowed',
  features: { contiguous: true },
  limits: { framesMax: 12, workersMax: 1 },
  create: createFrameWords,
  attach: (shared) => new Swallowed(shared),
  observe: observeFrameWords,
});
