import { defineSubject, type Watermarks } from 'frameproof';
import { createPressured, marksAbove, PressuredBitmap, type PressuredShared } from './pressured-bitmap.ts';

/** D13 repaired: the level falls at a mark and rises at the mark plus the gap. */
class RisesAboveTheGap extends PressuredBitmap {
  protected override levelAfter(level: number, framesFree: number, marks: Watermarks): number {
    const atLeast = marksAbove(framesFree, marks);
    const atMost = marksAbove(framesFree - marks.gap, marks);
    return Math.min(Math.max(level, atLeast), atMost);
  }
}

export default defineSubject({
  name: 'd13-repaired',
  features: { contiguous: true },
  limits: { framesMax: 16, workersMax: 1 },
  create: createPressured,
  attach: (shared: PressuredShared) => new RisesAboveTheGap(shared),
});
