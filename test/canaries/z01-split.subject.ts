import { defineSubject } from 'frameproof';
import { around, createQuads, four, levels, none, Quads, single, used, type QuadsShared } from './quads.ts';

/**
 * Z01: out of memory while memory is available (zephyr #11022, #15154). The lock is released between taking a block of four and adding the
 * three pieces that are not wanted to the list; meanwhile all four are invisible.
 */
class SplitsInTwoSteps extends Quads {
  override allocate(_count: number): number {
    let seen = Atomics.load(this.word, 0);
    for (;;) {
      const level = this.levelIn(seen);
      if (level === none) return -1;
      const [at, next] = this.taken(seen, level);
      const split = level === levels.fours;
      const now = Atomics.compareExchange(this.word, 0, seen, split ? (seen & ~four(at)) | used(at) : next);
      if (now === seen) {
        if (split) Atomics.or(this.word, 0, around(at) & ~single(at));
        return this.firstFrame + at;
      }
      seen = now;
    }
  }
}

export default defineSubject({
  name: 'z01-split',
  limits: { framesMax: 8 },
  create: ({ frames, firstFrame }) => createQuads(frames, firstFrame),
  attach: (shared: QuadsShared) => new SplitsInTwoSteps(shared),
});
