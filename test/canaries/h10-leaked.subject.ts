import { defineSubject } from 'frameproof';
import { Contiguous } from './contiguous.ts';
import { createFrameWords, free, observeFrameWords, taken } from './frames.ts';

/** H10: frames are taken one by one, and those of a run that turns out too short are not given back. */
class Leaked extends Contiguous {
  override allocate(count: number): number {
    let length = 0;
    for (let frame = 0; frame < this.shared.frames; frame++) {
      length = Atomics.load(this.words, frame) === free ? length + 1 : 0;
      if (length > 0) Atomics.store(this.words, frame, taken);
      if (length < count) continue;
      Atomics.store(this.words, this.shared.frames + frame + 1 - count, count);
      return this.shared.firstFrame + frame + 1 - count;
    }
    return -1;
  }
}

export default defineSubject({
  name: 'h10-leaked',
  features: { contiguous: true },
  limits: { framesMax: 12, workersMax: 1 },
  create: createFrameWords,
  attach: (shared) => new Leaked(shared),
  observe: observeFrameWords,
});
