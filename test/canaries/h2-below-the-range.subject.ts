import { defineSubject } from 'frameproof';
import { Contiguous } from './contiguous.ts';
import { createFrameWords, free, observeFrameWords } from './frames.ts';

/** H2: a run is looked for around the frame that was freed last, from `last − count + 1` on, which may lie below the range. */
class BelowTheRange extends Contiguous {
  #last = -1;

  override allocate(count: number): number {
    const start = this.#last - count + 1;
    if (this.#last < 0 || start + count > this.shared.frames) return super.allocate(count);
    for (let frame = Math.max(0, start); frame < start + count; frame++) if (Atomics.load(this.words, frame) !== free) return super.allocate(count);
    this.take(Math.max(0, start), count);
    return this.shared.firstFrame + start;
  }

  override free(frame: number, count: number): number {
    const answer = super.free(frame, count);
    if (answer === 0) this.#last = frame - this.shared.firstFrame;
    return answer;
  }
}

export default defineSubject({
  name: 'h2-below-the-range',
  features: { contiguous: true },
  limits: { framesMax: 12, workersMax: 1 },
  create: createFrameWords,
  attach: (shared) => new BelowTheRange(shared),
  observe: observeFrameWords,
});
