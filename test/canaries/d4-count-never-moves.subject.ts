import { defineSubject } from 'frameproof';
import { createHinted, HintedBitmap, type HintedShared } from './hinted-bitmap.ts';

/** D4: the count of free frames is set up and never updated. */
class NeverCounts extends HintedBitmap {
  protected override account(_change: number): void {}
}

export default defineSubject({
  name: 'd4-count-never-moves',
  features: { contiguous: true },
  limits: { framesMax: 16, workersMax: 1 },
  create: (geometry) => createHinted(geometry),
  attach: (shared: HintedShared) => new NeverCounts(shared),
});
