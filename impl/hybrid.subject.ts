import type { Geometry, Subject } from '../spec/contract.ts';
import { attachHybrid } from './hybrid.ts';
import { createHybrid, type HybridShared } from './layout.ts';
import { hintsOfHybrid, observeHybrid } from './observe.ts';

/** The hybrid allocator as it is used in production. */
export default {
  name: 'hybrid',
  features: { contiguous: true, exactErrors: true },
  placement: 'chunk',
  policy: ['keeps-chunks'],
  create: (geometry: Geometry) => createHybrid(geometry),
  attach: (shared: HybridShared, worker: number) => attachHybrid(shared, worker),
  observe: (shared: HybridShared) => observeHybrid(shared),
  hints: (shared: HybridShared) => hintsOfHybrid(shared),
} satisfies Subject<HybridShared>;
