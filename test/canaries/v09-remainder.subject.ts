import { defineSubject } from 'frameproof';
import { BuddyBlocks, createBlocks, observeBlocks } from './buddy-blocks.ts';

/** V09: what is left beyond the largest power of two is dropped silently. */
export default defineSubject({
  name: 'v09-remainder',
  features: { contiguous: true, orders: true },
  limits: { framesMax: 16, workersMax: 1 },
  placement: 'buddy',
  create: (geometry) => {
    const shared = createBlocks(geometry);
    new Int32Array(shared.memory).fill(0, 2 ** Math.floor(Math.log2(geometry.frames)));
    return shared;
  },
  attach: (shared) => new BuddyBlocks(shared),
  observe: observeBlocks,
});
