import { defineSubject } from 'frameproof';
import { Contiguous } from './contiguous.ts';
import { createFrameWords } from './frames.ts';

/** V20 repaired: the count of each allocation is kept at its first frame. */
export default defineSubject({
  name: 'v20-repaired',
  features: { contiguous: true },
  limits: { framesMax: 8, workersMax: 1 },
  create: ({ frames, firstFrame }) => createFrameWords(frames, firstFrame, frames),
  attach: (shared) => new Contiguous(shared, true),
});
