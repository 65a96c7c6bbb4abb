import { defineSubject } from 'frameproof';
import { BitmapAndBuddy, createBuddy } from './buddy.ts';

/** V03 and V04 repaired: each half refuses what it does not hold. */
export default defineSubject({
  name: 'v03-v04-repaired',
  limits: { framesMax: 8, workersMax: 1 },
  create: ({ frames, firstFrame }) => createBuddy(frames, firstFrame),
  attach: (shared) => new BitmapAndBuddy(shared, {}),
});
