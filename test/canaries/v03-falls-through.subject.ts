import { defineSubject } from 'frameproof';
import { BitmapAndBuddy, createBuddy } from './buddy.ts';

/** V03: a free refused by the bitmap is tried on the buddy, which takes it: a double free, and then two owners. */
export default defineSubject({
  name: 'v03-falls-through',
  limits: { framesMax: 8, workersMax: 1 },
  create: ({ frames, firstFrame }) => createBuddy(frames, firstFrame),
  attach: (shared) => new BitmapAndBuddy(shared, { fallsThrough: true }),
});
