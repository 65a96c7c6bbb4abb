import { defineSubject } from 'frameproof';
import { createQuads, Quads, type QuadsShared } from './quads.ts';

/** Z01, Z02, Z03 and Z05 repaired: finding, taking, splitting and merging are one step of one word, and finding nothing is an answer. */
export default defineSubject({
  name: 'z01-z02-z03-z05-repaired',
  limits: { framesMax: 8 },
  create: ({ frames, firstFrame }) => createQuads(frames, firstFrame),
  attach: (shared: QuadsShared) => new Quads(shared),
});
