import { defineSubject } from 'frameproof';
import { Counted, createCounted, type CountedShared } from './counted.ts';

/** V34: the frames change before their counter, which is read and written back in two steps: of two changes at once one is lost. */
class ReadsAndWritesBack extends Counted {
  protected override move(change: number): void {
    const before = Atomics.load(this.counter, 0);
    Atomics.store(this.counter, 0, before + change);
  }
}

export default defineSubject({
  name: 'v34-late-counter',
  limits: { framesMax: 31 },
  create: ({ frames, firstFrame }) => createCounted(frames, firstFrame),
  attach: (shared: CountedShared) => new ReadsAndWritesBack(shared),
});
