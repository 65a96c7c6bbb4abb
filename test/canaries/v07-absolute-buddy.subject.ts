import { defineSubject } from 'frameproof';
import { BuddyBlocks, createBlocks, observeBlocks } from './buddy-blocks.ts';

/** V07: blocks are split relative to the first frame, and buddies found by XOR of the absolute number. */
export default defineSubject({
  name: 'v07-absolute-buddy',
  features: { contiguous: true, orders: true },
  limits: { framesMax: 2, workersMax: 1 },
  placement: 'any',
  create: (geometry) => createBlocks(geometry, geometry.firstFrame),
  attach: (shared) => new BuddyBlocks(shared),
  observe: observeBlocks,
});
