import { defineSubject } from 'frameproof';
import { observeFrameWords } from './frames.ts';
import { createLocked, Locked, type LockedWords } from './locked.ts';

/** V16 and H1 repaired: a range is checked before an index is computed, and the lock is taken once and always given back. */
export default defineSubject({
  name: 'v16-h1-repaired',
  features: { contiguous: true, exactErrors: true },
  limits: { framesMax: 12 },
  create: createLocked,
  attach: (shared: LockedWords) => new Locked(shared),
  observe: observeFrameWords,
});
