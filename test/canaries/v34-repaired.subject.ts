import { defineSubject } from 'frameproof';
import { Counted, createCounted, type CountedShared } from './counted.ts';

/** V34 repaired: the counter still lags behind the frames, but no change is lost, and it is exact when nothing runs. */
class Adds extends Counted {
  protected override move(change: number): void {
    Atomics.add(this.counter, 0, change);
  }
}

export default defineSubject({
  name: 'v34-repaired',
  limits: { framesMax: 31 },
  create: ({ frames, firstFrame }) => createCounted(frames, firstFrame),
  attach: (shared: CountedShared) => new Adds(shared),
});
