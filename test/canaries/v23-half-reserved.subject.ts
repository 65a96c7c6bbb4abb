import { defineSubject } from 'frameproof';
import { Contiguous } from './contiguous.ts';
import { createFrameWords, observeFrameWords } from './frames.ts';

/** V23: frames are marked as reserved in the lower half only, which is the bitmap's; the buddy of the upper half is skipped. */
export default defineSubject({
  name: 'v23-half-reserved',
  features: { contiguous: true },
  limits: { framesMax: 12, workersMax: 1 },
  create: (geometry) =>
    createFrameWords({ ...geometry, reserved: geometry.reserved.filter(({ start }) => start < geometry.firstFrame + geometry.frames / 2) }),
  attach: (shared) => new Contiguous(shared),
  observe: observeFrameWords,
});
