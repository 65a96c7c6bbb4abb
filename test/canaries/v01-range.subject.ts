import { defineSubject } from 'frameproof';
import { Bitmap } from './bitmap.ts';

/** V01: the bitmap starts all ones and ignores the number of frames, so that frames past the end are handed out. */
export default defineSubject({
  name: 'v01-range',
  limits: { framesMax: 32 },
  create: ({ frames, firstFrame }) => {
    const memory = new SharedArrayBuffer(4 * Math.ceil(frames / 32));
    new Int32Array(memory).fill(-1);
    return { memory, frames, firstFrame };
  },
  attach: ({ memory, frames, firstFrame }) => new Bitmap(new Int32Array(memory), frames, firstFrame),
});
