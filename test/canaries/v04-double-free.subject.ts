import { defineSubject } from 'frameproof';
import { BitmapAndBuddy, createBuddy } from './buddy.ts';

/** V04: the buddy does not notice a double free. */
export default defineSubject({
  name: 'v04-double-free',
  limits: { framesMax: 8, workersMax: 1 },
  create: ({ frames, firstFrame }) => ({ ...createBuddy(frames, firstFrame), bitmapFrames: 0 }),
  attach: (shared) => new BitmapAndBuddy(shared, { takesTwice: true }),
});
