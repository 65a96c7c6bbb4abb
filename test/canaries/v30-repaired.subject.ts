import { defineSubject } from 'frameproof';

/** V30 repaired: both lists in one word, so that a split is one step and no frame is ever on neither. Pairs in the high half. */
export default defineSubject({
  name: 'v30-repaired',
  limits: { framesMax: 16 },
  create: ({ frames, firstFrame }) => {
    const memory = new SharedArrayBuffer(4);
    const words = new Int32Array(memory);
    words[0] = (((1 << (frames >> 1)) - 1) << 16) | (frames % 2 === 1 ? 1 << (frames - 1) : 0);
    return { memory, firstFrame, frames };
  },
  attach: ({ memory, firstFrame, frames }) => {
    const words = new Int32Array(memory);
    return {
      allocate: (_count: number): number => {
        let seen = Atomics.load(words, 0);
        while (seen !== 0) {
          const single = seen & 0xffff;
          const pair = 31 - Math.clz32((seen >>> 16) & -(seen >>> 16));
          const frame = single === 0 ? 2 * pair : 31 - Math.clz32(single & -single);
          const next = single === 0 ? (seen & ~(0x10000 << pair)) | (1 << (frame + 1)) : seen & ~(1 << frame);
          const found = Atomics.compareExchange(words, 0, seen, next);
          if (found === seen) return firstFrame + frame;
          seen = found;
        }
        return -1;
      },
      free: (frame: number, count: number): number => {
        const at = frame - firstFrame;
        if (count !== 1 || at < 0 || at >= frames) return -3;
        let seen = Atomics.load(words, 0);
        while ((seen & (1 << at)) === 0 && (seen & (0x10000 << (at >> 1))) === 0) {
          const found = Atomics.compareExchange(words, 0, seen, seen | (1 << at));
          if (found === seen) return 0;
          seen = found;
        }
        return -4;
      },
    };
  },
});
