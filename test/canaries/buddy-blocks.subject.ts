import { defineSubject } from 'frameproof';
import { BuddyBlocks, createBlocks, observeBlocks } from './buddy-blocks.ts';

/** A binary buddy for one worker, with no mistake: the repaired twin of the canaries that replace a part of it. */
export default defineSubject({
  name: 'buddy-blocks',
  features: { contiguous: true, orders: true },
  limits: { framesMax: 16, workersMax: 1 },
  placement: 'buddy',
  create: (geometry) => createBlocks(geometry),
  attach: (shared) => new BuddyBlocks(shared),
  observe: observeBlocks,
});
