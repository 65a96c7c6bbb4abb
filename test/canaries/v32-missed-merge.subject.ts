import { defineSubject } from 'frameproof';
import { createPairs, merged, Pairs, single, used, type PairsShared } from './pairs.ts';

/**
 * V32: missed merge. A free looks for its buddy first and goes on the list of single frames later, without another look. When both halves
 * are freed at once each sees the other still in use, and the pair is never whole again.
 */
class LooksOnce extends Pairs {
  override free(frame: number, count: number): number {
    const at = frame - this.firstFrame;
    if (!this.isBlock(at, count)) return -3;
    const before = Atomics.and(this.word, 0, ~used(at, count));
    if ((before & used(at, count)) === 0) return -4;
    let seen = before & ~used(at, count);
    while (count === 2 || (seen & single(at ^ 1)) !== 0) {
      const now = Atomics.compareExchange(this.word, 0, seen, merged(seen, at, count));
      if (now === seen) return 0;
      seen = now;
    }
    Atomics.or(this.word, 0, single(at));
    return 0;
  }
}

export default defineSubject({
  name: 'v32-missed-merge',
  features: { contiguous: true },
  limits: { framesMax: 8, countMax: 2 },
  placement: 'buddy',
  create: ({ frames, firstFrame }) => createPairs(frames, firstFrame),
  attach: (shared: PairsShared) => new LooksOnce(shared),
});
