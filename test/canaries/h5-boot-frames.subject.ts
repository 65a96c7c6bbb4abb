import { defineSubject } from 'frameproof';
import { Contiguous } from './contiguous.ts';
import { createFrameWords, observeFrameWords } from './frames.ts';

/** H5: the frames of the boot image are left allocatable. */
export default defineSubject({
  name: 'h5-boot-frames',
  features: { contiguous: true },
  limits: { framesMax: 12, workersMax: 1 },
  create: (geometry) => createFrameWords({ ...geometry, reserved: [] }),
  attach: (shared) => new Contiguous(shared),
  observe: observeFrameWords,
});
