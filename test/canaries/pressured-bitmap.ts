import type { Geometry, Watermarks } from 'frameproof';
import { createHinted, HintedBitmap, type HintedShared } from './hinted-bitmap.ts';

export interface PressuredShared {
  readonly frames: HintedShared;
  readonly level: SharedArrayBuffer;
  readonly marks: Watermarks | undefined;
}

export function createPressured(geometry: Geometry): PressuredShared {
  const { frames, reserved, marks } = geometry;
  const level = new SharedArrayBuffer(4);
  if (marks !== undefined) new Int32Array(level)[0] = marksAbove(frames - reserved.reduce((sum, { count }) => sum + count, 0), marks);
  return { frames: createHinted(geometry), level, marks };
}

/** The bitmap with a level of pressure that is moved at every change of the count: 0 ok, 1 low, 2 min, 3 critical. */
export abstract class PressuredBitmap extends HintedBitmap {
  readonly #level: Int32Array;
  readonly #marks: Watermarks | undefined;

  constructor({ frames, level, marks }: PressuredShared) {
    super(frames);
    this.#level = new Int32Array(level);
    this.#marks = marks;
  }

  pressure(): number {
    return Atomics.load(this.#level, 0);
  }

  protected abstract levelAfter(level: number, framesFree: number, marks: Watermarks): number;

  protected override account(change: number): void {
    super.account(change);
    if (this.#marks === undefined) return;
    Atomics.store(this.#level, 0, this.levelAfter(Atomics.load(this.#level, 0), this.framesFree(), this.#marks));
  }
}

/** How many of the marks, which get lower, the free frames lie under. */
export const marksAbove = (framesFree: number, { low, min, critical }: Watermarks): number => [low, min, critical].filter((mark) => framesFree < mark).length;
