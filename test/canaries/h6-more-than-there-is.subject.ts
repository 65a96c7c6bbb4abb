import { defineSubject } from 'frameproof';
import { Contiguous } from './contiguous.ts';
import { createFrameWords } from './frames.ts';

/** H6: the size of the memory is rounded up, and frames are handed out that do not exist. */
export default defineSubject({
  name: 'h6-more-than-there-is',
  features: { contiguous: true },
  limits: { framesMax: 12, workersMax: 1 },
  create: (geometry) => createFrameWords({ ...geometry, frames: 2 * Math.ceil((geometry.frames + 1) / 2) }),
  attach: (shared) => new Contiguous(shared),
});
