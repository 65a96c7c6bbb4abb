import { defineSubject } from 'frameproof';
import { createHalves, Halves, type HalvesShared } from './halves.ts';

/** D11 repaired: what the preferred half does not have the other serves, and a free goes to the half in which its frames lie. */
class FallsBack extends Halves {
  allocate(count: number): number {
    const small = count < this.chunkFrames;
    const frame = small ? this.small.allocate(count) : this.large.allocate(count);
    if (frame >= 0) return frame;
    return small ? this.large.allocate(count) : this.small.allocate(count);
  }

  free(frame: number, count: number): number {
    const answer = this.small.free(frame, count);
    return answer === 0 ? 0 : this.large.free(frame, count);
  }
}

export default defineSubject({
  name: 'd11-repaired',
  features: { contiguous: true },
  limits: { framesMax: 4, countMax: 2, workersMax: 1 },
  placement: 'chunk',
  create: createHalves,
  attach: (shared: HalvesShared) => new FallsBack(shared),
});
