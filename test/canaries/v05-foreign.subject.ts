import { defineSubject } from 'frameproof';
import { Contiguous } from './contiguous.ts';
import { createFrameWords } from './frames.ts';

/** V05: the buddy takes frames outside its range and puts them on its list. */
class Foreign extends Contiguous {
  #listed: number | undefined;

  override allocate(count: number): number {
    if (count !== 1 || this.#listed === undefined) return super.allocate(count);
    const frame = this.#listed;
    this.#listed = undefined;
    return frame;
  }

  override free(frame: number, count: number): number {
    const { firstFrame, frames } = this.shared;
    if (frame >= firstFrame && frame < firstFrame + frames) return super.free(frame, count);
    this.#listed = frame;
    return 0;
  }
}

export default defineSubject({
  name: 'v05-foreign',
  features: { contiguous: true },
  limits: { framesMax: 12, workersMax: 1 },
  create: createFrameWords,
  attach: (shared) => new Foreign(shared),
});
