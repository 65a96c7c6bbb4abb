import { defineSubject } from 'frameproof';
import { createHinted, HintedBitmap, type HintedShared } from './hinted-bitmap.ts';

/** D5: after the last frame was handed out the hint is the number of frames, and the next search begins behind the bitmap. */
class HintReachesTotal extends HintedBitmap {
  protected override remember(next: number): void {
    Atomics.store(this.counters, 0, next);
  }
}

export default defineSubject({
  name: 'd5-hint-at-the-end',
  features: { contiguous: true },
  limits: { framesMax: 16, workersMax: 1 },
  create: (geometry) => createHinted(geometry),
  attach: (shared: HintedShared) => new HintReachesTotal(shared),
});
