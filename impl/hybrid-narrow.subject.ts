import type { Geometry, Subject } from '../spec/contract.ts';
import { attachHybrid } from './hybrid.ts';
import { createHybrid, type HybridShared } from './layout.ts';
import { hintsOfHybrid, observeHybrid } from './observe.ts';

/**
 * The same allocator made narrow: two entries a word, so that runs across words, and their rollback, show in a chunk of four frames; sequence
 * numbers of two bits, so that they wrap around after two operations that give frames back.
 */
export default {
  name: 'hybrid-narrow',
  features: { contiguous: true, exactErrors: true },
  placement: 'chunk',
  policy: ['keeps-chunks'],
  create: (geometry: Geometry) => createHybrid(geometry, { wordEntries: 2, seqBits: 2 }),
  attach: (shared: HybridShared, worker: number) => attachHybrid(shared, worker),
  observe: (shared: HybridShared) => observeHybrid(shared),
  hints: (shared: HybridShared) => hintsOfHybrid(shared),
} satisfies Subject<HybridShared>;
