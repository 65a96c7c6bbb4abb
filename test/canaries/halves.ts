import type { Geometry } from 'frameproof';
import { createHinted, HintedBitmap, type HintedShared } from './hinted-bitmap.ts';

/** Memory split in advance: the first chunk for small requests, the other frames for requests of a whole chunk. For one worker. */
export interface HalvesShared {
  readonly small: HintedShared;
  readonly large: HintedShared;
  readonly chunkFrames: number;
}

export function createHalves({ frames, firstFrame, chunkFrames }: Geometry): HalvesShared {
  const small = Math.min(frames, chunkFrames);
  return {
    small: createHinted({ frames: small, firstFrame, reserved: [] }),
    large: createHinted({ frames: frames - small, firstFrame: firstFrame + small, reserved: [] }),
    chunkFrames,
  };
}

export class Halves {
  protected readonly small: HintedBitmap;
  protected readonly large: HintedBitmap;
  protected readonly chunkFrames: number;

  constructor({ small, large, chunkFrames }: HalvesShared) {
    this.small = new HintedBitmap(small);
    this.large = new HintedBitmap(large);
    this.chunkFrames = chunkFrames;
  }
}
