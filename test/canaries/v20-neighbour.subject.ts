import { defineSubject } from 'frameproof';
import { Contiguous } from './contiguous.ts';
import { createFrameWords } from './frames.ts';

/** V20: no record of allocations, so a free that is longer than its allocation frees the neighbour's frames too. */
export default defineSubject({
  name: 'v20-neighbour',
  features: { contiguous: true },
  limits: { framesMax: 8, workersMax: 1 },
  create: ({ frames, firstFrame }) => createFrameWords(frames, firstFrame, frames),
  attach: (shared) => new Contiguous(shared, false),
});
