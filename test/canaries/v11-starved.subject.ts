import { defineSubject } from 'frameproof';
import { Contiguous } from './contiguous.ts';
import { createFrameWords, free, observeFrameWords, reserved } from './frames.ts';

/** V11: the search does not know of reserved frames, and the first one that it meets ends it: a frame that is there is never found. */
class Starved extends Contiguous {
  protected override find(count: number): number {
    let length = 0;
    for (let frame = 0; frame < this.shared.frames; frame++) {
      const is = Atomics.load(this.words, frame);
      length = is === free || is === reserved ? length + 1 : 0;
      if (length < count) continue;
      const start = frame + 1 - count;
      for (let each = start; each <= frame; each++) if (Atomics.load(this.words, each) === reserved) return -1;
      return start;
    }
    return -1;
  }
}

export default defineSubject({
  name: 'v11-starved',
  features: { contiguous: true },
  limits: { framesMax: 12, workersMax: 1 },
  create: createFrameWords,
  attach: (shared) => new Starved(shared),
  observe: observeFrameWords,
});
