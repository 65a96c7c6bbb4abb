import { defineSubject } from 'frameproof';
import { Contiguous } from './contiguous.ts';
import { createFrameWords, free } from './frames.ts';

/** V20: no record of allocations, so a free that is longer than its allocation frees the neighbour's frames too. */
class NoRecord extends Contiguous {
  protected override whyNotLive(start: number, count: number): number {
    for (let frame = start; frame < start + count; frame++) if (Atomics.load(this.words, frame) === free) return -4;
    return 0;
  }
}

export default defineSubject({
  name: 'v20-neighbour',
  features: { contiguous: true },
  limits: { framesMax: 8, workersMax: 1 },
  create: createFrameWords,
  attach: (shared) => new NoRecord(shared),
});
