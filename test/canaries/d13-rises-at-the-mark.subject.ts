import { defineSubject, type Watermarks } from 'frameproof';
import { createPressured, marksAbove, PressuredBitmap, type PressuredShared } from './pressured-bitmap.ts';

/** D13, with a rising edge but no gap: the level rises at the mark where it fell, so that one frame more and less flips it for ever. */
class RisesAtTheMark extends PressuredBitmap {
  protected override levelAfter(_level: number, framesFree: number, marks: Watermarks): number {
    return marksAbove(framesFree, marks);
  }
}

export default defineSubject({
  name: 'd13-rises-at-the-mark',
  features: { contiguous: true },
  limits: { framesMax: 16, workersMax: 1 },
  create: createPressured,
  attach: (shared: PressuredShared) => new RisesAtTheMark(shared),
});
