import { defineSubject } from 'frameproof';
import { Contiguous } from './contiguous.ts';
import { createFrameWords, observeFrameWords } from './frames.ts';

/** Runs of frames for one worker, with no mistake: the repaired twin of the canaries that replace a part of it. */
export default defineSubject({
  name: 'contiguous',
  features: { contiguous: true, exactErrors: true },
  limits: { framesMax: 12, workersMax: 1 },
  create: createFrameWords,
  attach: (shared) => new Contiguous(shared),
  observe: observeFrameWords,
});
