import { defineSubject } from 'frameproof';
import { createHinted, framesPerWord, HintedBitmap, type HintedShared } from './hinted-bitmap.ts';

/** D6: nobody says what the bits past the last frame are. Here they are ones, and a run that begins inside goes on over them. */
class TrustsTheTail extends HintedBitmap {
  protected override fits(start: number, count: number): boolean {
    if (start + count > this.bitmap.length * framesPerWord) return false;
    for (let at = start; at < start + count; at++) if (!this.isFree(at)) return false;
    return true;
  }
}

export default defineSubject({
  name: 'd6-bits-past-the-end',
  features: { contiguous: true },
  limits: { framesMax: 16, workersMax: 1 },
  create: (geometry) => {
    const shared = createHinted(geometry);
    new Int32Array(shared.bitmap).fill(2 ** framesPerWord - 1);
    return shared;
  },
  attach: (shared: HintedShared) => new TrustsTheTail(shared),
});
