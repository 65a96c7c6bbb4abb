import { defineSubject } from 'frameproof';
import { createPairs, Pairs, type PairsShared } from './pairs.ts';

/** V31, V32 and V33 repaired: looking, taking, splitting and merging are one step of one word. */
export default defineSubject({
  name: 'v31-v32-v33-repaired',
  features: { contiguous: true },
  limits: { framesMax: 8, countMax: 2 },
  placement: 'buddy',
  create: ({ frames, firstFrame }) => createPairs(frames, firstFrame),
  attach: (shared: PairsShared) => new Pairs(shared),
});
