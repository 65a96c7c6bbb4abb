import { defineSubject } from 'frameproof';
import { Contiguous } from './contiguous.ts';
import { createFrameWords, observeFrameWords } from './frames.ts';

/** H7: the pool begins where the memory ends. */
export default defineSubject({
  name: 'h7-past-the-end',
  features: { contiguous: true },
  limits: { framesMax: 12, workersMax: 1 },
  create: (geometry) => createFrameWords({ ...geometry, firstFrame: geometry.firstFrame + geometry.frames, reserved: [] }),
  attach: (shared) => new Contiguous(shared),
  observe: observeFrameWords,
});
