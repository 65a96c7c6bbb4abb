import { defineSubject } from 'frameproof';
import { Bitmap } from './bitmap.ts';

/** V01 repaired: only bits of managed frames start as ones, and a free bit is the only one that is taken. */
export default defineSubject({
  name: 'v01-repaired',
  limits: { framesMax: 32 },
  create: ({ frames, firstFrame }) => {
    const memory = new SharedArrayBuffer(4 * Math.ceil(frames / 32));
    const words = new Int32Array(memory);
    for (let frame = 0; frame < frames; frame++) words[frame >> 5] = (words[frame >> 5] as number) | (1 << (frame & 31));
    return { memory, frames, firstFrame };
  },
  attach: ({ memory, frames, firstFrame }) => new Bitmap(new Int32Array(memory), frames, firstFrame),
});
