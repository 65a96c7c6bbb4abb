import { defineSubject } from 'frameproof';
import { createQuads, Quads, type QuadsShared } from './quads.ts';

/** Z05: a search that failed is repeated as if another call had only been faster, so it never ends when nothing fits (Zhao and Sanán, CAV 2019). */
class AlwaysTriesAgain extends Quads {
  override allocate(count: number): number {
    for (;;) {
      const frame = super.allocate(count);
      if (frame >= 0) return frame;
    }
  }
}

export default defineSubject({
  name: 'z05-never-ends',
  limits: { framesMax: 8 },
  create: ({ frames, firstFrame }) => createQuads(frames, firstFrame),
  attach: (shared: QuadsShared) => new AlwaysTriesAgain(shared),
});
