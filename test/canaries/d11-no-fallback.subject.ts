import { defineSubject } from 'frameproof';
import { createHalves, Halves, type HalvesShared } from './halves.ts';

/** D11: a request goes to one half of the memory by its size and never to the other; so does a free. */
class NoFallback extends Halves {
  allocate(count: number): number {
    return count < this.chunkFrames ? this.small.allocate(count) : this.large.allocate(count);
  }

  free(frame: number, count: number): number {
    return count < this.chunkFrames ? this.small.free(frame, count) : this.large.free(frame, count);
  }
}

export default defineSubject({
  name: 'd11-no-fallback',
  features: { contiguous: true },
  limits: { framesMax: 4, countMax: 2, workersMax: 1 },
  placement: 'chunk',
  create: createHalves,
  attach: (shared: HalvesShared) => new NoFallback(shared),
});
