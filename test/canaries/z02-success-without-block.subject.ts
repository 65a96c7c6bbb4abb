import { defineSubject } from 'frameproof';
import { createQuads, none, Quads, type QuadsShared } from './quads.ts';

/**
 * Z02: success without a block (zephyr #14504). A first pass without the lock finds a level with a free block; the second takes one from
 * there or from larger levels. When it finds nothing any more the call succeeds all the same, with the null pointer: block 0 here.
 */
class SucceedsAnyway extends Quads {
  override allocate(_count: number): number {
    const found = this.levelIn(Atomics.load(this.word, 0));
    if (found === none) return -1;
    let block = 0;
    for (let level = found; level >= 0; level--) {
      const taken = this.takeFrom(level);
      if (taken === none) continue;
      block = taken;
      break;
    }
    return this.firstFrame + block;
  }
}

export default defineSubject({
  name: 'z02-success-without-block',
  limits: { framesMax: 8 },
  create: ({ frames, firstFrame }) => createQuads(frames, firstFrame),
  attach: (shared: QuadsShared) => new SucceedsAnyway(shared),
});
