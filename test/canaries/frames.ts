import type { Geometry, ObservedFrame } from 'frameproof';

/** A frame a word, then a word for the count of the allocation that starts at each frame. */
export interface FrameWords {
  readonly memory: SharedArrayBuffer;
  readonly frames: number;
  readonly firstFrame: number;
  readonly largest: number;
}

export const taken = 0;
export const free = 1;
export const reserved = 2;

export function createFrameWords(geometry: Pick<Geometry, 'frames' | 'firstFrame' | 'maxOrder' | 'reserved'>): FrameWords {
  const { frames, firstFrame, maxOrder } = geometry;
  const memory = new SharedArrayBuffer(8 * frames);
  const words = new Int32Array(memory);
  words.fill(free, 0, frames);
  for (const { start, count } of geometry.reserved) words.fill(reserved, start - firstFrame, start - firstFrame + count);
  return { memory, frames, firstFrame, largest: 2 ** maxOrder };
}

export function observeFrameWords({ memory, frames }: FrameWords): ObservedFrame[] {
  return [...new Int32Array(memory, 0, frames)].map((word) => (word === free ? 'free' : word === reserved ? 'reserved' : 'allocated'));
}
