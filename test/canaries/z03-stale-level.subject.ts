import { defineSubject } from 'frameproof';
import { createQuads, none, Quads, type QuadsShared } from './quads.ts';

/**
 * Z03: the level found free in a first pass without the lock is stale in the second (zephyr #14508), which goes on to larger blocks only.
 * A block that was split in between left its pieces on a smaller level, where nobody looks.
 */
class TrustsTheFirstPass extends Quads {
  override allocate(_count: number): number {
    const found = this.levelIn(Atomics.load(this.word, 0));
    if (found === none) return -1;
    for (let level = found; level >= 0; level--) {
      const taken = this.takeFrom(level);
      if (taken !== none) return this.firstFrame + taken;
    }
    return -1;
  }
}

export default defineSubject({
  name: 'z03-stale-level',
  limits: { framesMax: 8 },
  create: ({ frames, firstFrame }) => createQuads(frames, firstFrame),
  attach: (shared: QuadsShared) => new TrustsTheFirstPass(shared),
});
