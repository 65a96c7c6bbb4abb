import { defineSubject } from 'frameproof';
import { BuddyBlocks, createBlocks, observeBlocks } from './buddy-blocks.ts';

/** V07 repaired: split and merged relative to the first frame. Two frames at most: any run is then a block. */
class RelativeBuddy extends BuddyBlocks {
  protected override buddyOf(at: number, order: number): number {
    return at ^ (1 << order);
  }
}

export default defineSubject({
  name: 'v07-repaired',
  features: { contiguous: true, orders: true },
  limits: { framesMax: 2, workersMax: 1 },
  placement: 'any',
  create: (geometry) => createBlocks(geometry, geometry.firstFrame),
  attach: (shared) => new RelativeBuddy(shared),
  observe: observeBlocks,
});
