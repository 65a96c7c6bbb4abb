import { defineSubject } from 'frameproof';
import { around, createQuads, four, Quads, single, used, type QuadsShared } from './quads.ts';

/**
 * Z01, the other way: the lock is released between taking the three free neighbours off their list and adding the block of four that they
 * are merged into (zephyr #11022).
 */
class MergesInTwoSteps extends Quads {
  override free(frame: number, count: number): number {
    const at = frame - this.firstFrame;
    if (count !== 1 || at < 0 || at >= this.frames) return -3;
    let seen = Atomics.load(this.word, 0);
    while ((seen & used(at)) !== 0) {
      const freed = (seen & ~used(at)) | single(at);
      const merges = (freed & around(at)) === around(at);
      const now = Atomics.compareExchange(this.word, 0, seen, merges ? freed & ~around(at) : freed);
      if (now === seen) {
        if (merges) Atomics.or(this.word, 0, four(at));
        return 0;
      }
      seen = now;
    }
    return -4;
  }
}

export default defineSubject({
  name: 'z01-merge',
  limits: { framesMax: 8 },
  create: ({ frames, firstFrame }) => createQuads(frames, firstFrame),
  attach: (shared: QuadsShared) => new MergesInTwoSteps(shared),
});
