import { defineSubject } from 'frameproof';
import { createPairs, merged, pair, Pairs, single, used, type PairsShared } from './pairs.ts';

/**
 * V31: false out-of-memory while a free is merging. The free takes the free buddy off the list of single frames in one step and puts the
 * pair on its list in a later one; in between neither half is on any list, though the buddy was free all along.
 */
class MergesInTwoSteps extends Pairs {
  override free(frame: number, count: number): number {
    const at = frame - this.firstFrame;
    if (!this.isBlock(at, count)) return -3;
    let seen = Atomics.load(this.word, 0);
    while ((seen & used(at, count)) !== 0) {
      const buddy = count === 1 ? seen & single(at ^ 1) : 0;
      const kept = seen & ~used(at, count);
      const now = Atomics.compareExchange(this.word, 0, seen, buddy === 0 ? merged(kept, at, count) : kept & ~buddy);
      if (now === seen) {
        if (buddy !== 0) Atomics.or(this.word, 0, pair(at));
        return 0;
      }
      seen = now;
    }
    return -4;
  }
}

export default defineSubject({
  name: 'v31-merging',
  features: { contiguous: true },
  limits: { framesMax: 8, countMax: 2 },
  placement: 'buddy',
  create: ({ frames, firstFrame }) => createPairs(frames, firstFrame),
  attach: (shared: PairsShared) => new MergesInTwoSteps(shared),
});
