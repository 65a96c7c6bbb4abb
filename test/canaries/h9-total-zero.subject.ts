import { defineSubject } from 'frameproof';
import { Contiguous } from './contiguous.ts';
import { createFrameWords, observeFrameWords } from './frames.ts';

/** H9: the number of free frames is reported as 0. */
class TotalZero extends Contiguous {
  override framesFree(): number {
    return 0;
  }
}

export default defineSubject({
  name: 'h9-total-zero',
  features: { contiguous: true },
  limits: { framesMax: 12, workersMax: 1 },
  create: createFrameWords,
  attach: (shared) => new TotalZero(shared),
  observe: observeFrameWords,
});
