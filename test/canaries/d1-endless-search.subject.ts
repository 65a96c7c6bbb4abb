import { defineSubject } from 'frameproof';
import { createHinted, HintedBitmap, type HintedShared } from './hinted-bitmap.ts';

/** D1: the search goes around for ever when nothing fits. */
class EndlessSearch extends HintedBitmap {
  protected override search(from: number, count: number): number {
    let start = from;
    for (;;) {
      if (this.isFree(start) && this.fits(start, count)) return start;
      start = (start + 1) % this.total;
    }
  }
}

export default defineSubject({
  name: 'd1-endless-search',
  features: { contiguous: true },
  limits: { framesMax: 16, workersMax: 1 },
  create: (geometry) => createHinted(geometry),
  attach: (shared: HintedShared) => new EndlessSearch(shared),
});
