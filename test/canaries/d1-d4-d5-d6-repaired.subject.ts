import { defineSubject } from 'frameproof';
import { createHinted, HintedBitmap, type HintedShared } from './hinted-bitmap.ts';

/** D1, D4, D5 and D6 repaired: the search goes around once, every change is counted, the hint wraps, a run ends inside the frames. */
export default defineSubject({
  name: 'd1-d4-d5-d6-repaired',
  features: { contiguous: true },
  limits: { framesMax: 16, workersMax: 1 },
  create: (geometry) => createHinted(geometry),
  attach: (shared: HintedShared) => new HintedBitmap(shared),
});
