import { defineSubject } from 'frameproof';
import { BuddyBlocks, createBlocks, observeBlocks } from './buddy-blocks.ts';

/** H3: a memory whose size is a power of two is halved. */
export default defineSubject({
  name: 'h3-halved',
  features: { contiguous: true, orders: true },
  limits: { framesMax: 16, workersMax: 1 },
  placement: 'buddy',
  create: (geometry) => {
    const shared = createBlocks(geometry);
    const words = new Int32Array(shared.memory);
    if (Number.isInteger(Math.log2(geometry.frames))) {
      words.fill(0);
      words[0] = Math.log2(geometry.frames);
    }
    return shared;
  },
  attach: (shared) => new BuddyBlocks(shared),
  observe: observeBlocks,
});
