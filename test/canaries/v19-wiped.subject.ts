import { defineSubject } from 'frameproof';
import { Contiguous } from './contiguous.ts';
import { createFrameWords, free, observeFrameWords } from './frames.ts';

/** V19: attaching a worker initialises the memory again and wipes what is live. */
class Wiped extends Contiguous {
  initialise(): this {
    for (let frame = 0; frame < this.shared.frames; frame++) {
      Atomics.store(this.words, frame, free);
      Atomics.store(this.words, this.shared.frames + frame, 0);
    }
    return this;
  }
}

export default defineSubject({
  name: 'v19-wiped',
  features: { contiguous: true },
  limits: { framesMax: 12, workersMax: 1 },
  create: createFrameWords,
  attach: (shared) => new Wiped(shared).initialise(),
  observe: observeFrameWords,
});
