import { Contiguous } from './contiguous.ts';
import { free, type FrameWords } from './frames.ts';

/** A bitmap for single frames in the lower half, a buddy for more in the upper one, and what is wrong between them. */
export interface BetweenHalves {
  /** V10: larger runs come from the upper half alone. */
  readonly largeStaysHigh?: boolean;
  /** H4: who takes a free is decided by its count, not by its frame. */
  readonly routedByCount?: boolean;
}

export class RoutedHalves extends Contiguous {
  readonly #wrong: BetweenHalves;

  constructor(shared: FrameWords, wrong: BetweenHalves) {
    super(shared);
    this.#wrong = wrong;
  }

  protected override find(count: number): number {
    const { frames } = this.shared;
    const half = frames >> 1;
    const own = count === 1 ? this.#findBetween(count, 0, half) : this.#findBetween(count, half, frames);
    if (own >= 0 || (count > 1 && this.#wrong.largeStaysHigh === true)) return own;
    return this.#findBetween(count, 0, frames);
  }

  override free(frame: number, count: number): number {
    const isLow = frame - this.shared.firstFrame < this.shared.frames >> 1;
    if (this.#wrong.routedByCount === true && count === 1 && !isLow) return -3; // no frame of the bitmap
    return super.free(frame, count);
  }

  #findBetween(count: number, from: number, to: number): number {
    let length = 0;
    for (let frame = from; frame < to; frame++) {
      length = Atomics.load(this.words, frame) === free ? length + 1 : 0;
      if (length === count) return frame + 1 - count;
    }
    return -1;
  }
}
