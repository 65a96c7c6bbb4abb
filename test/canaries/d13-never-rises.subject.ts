import { defineSubject, type Watermarks } from 'frameproof';
import { createPressured, marksAbove, PressuredBitmap, type PressuredShared } from './pressured-bitmap.ts';

/** D13: three marks and no rising edge. The level falls at each of them and nothing brings it back. */
class NeverRises extends PressuredBitmap {
  protected override levelAfter(level: number, framesFree: number, marks: Watermarks): number {
    return Math.max(level, marksAbove(framesFree, marks));
  }
}

export default defineSubject({
  name: 'd13-never-rises',
  features: { contiguous: true },
  limits: { framesMax: 16, workersMax: 1 },
  create: createPressured,
  attach: (shared: PressuredShared) => new NeverRises(shared),
});
