import { defineSubject } from 'frameproof';

/**
 * V30: false out-of-memory. A buddy with a list for each order: a pair of frames is taken from the list of pairs, and its second half put
 * on the list of single frames later; in between it is on neither, and who looks then finds nothing.
 */
const pairs = 0;
const singles = 1;

export default defineSubject({
  name: 'v30-in-flight',
  limits: { framesMax: 32 },
  create: ({ frames, firstFrame }) => {
    const memory = new SharedArrayBuffer(8);
    const words = new Int32Array(memory);
    for (let pair = 0; pair < frames >> 1; pair++) words[pairs] = (words[pairs] as number) | (1 << pair);
    if (frames % 2 === 1) words[singles] = 1 << (frames - 1);
    return { memory, firstFrame, frames };
  },
  attach: ({ memory, firstFrame, frames }) => {
    const words = new Int32Array(memory);
    function pop(list: number): number {
      let seen = Atomics.load(words, list);
      while (seen !== 0) {
        const lowest = seen & -seen;
        const found = Atomics.compareExchange(words, list, seen, seen & ~lowest);
        if (found === seen) return 31 - Math.clz32(lowest);
        seen = found;
      }
      return -1;
    }
    return {
      allocate: (_count: number): number => {
        const single = pop(singles);
        if (single >= 0) return firstFrame + single;
        const pair = pop(pairs);
        if (pair < 0) return -1;
        Atomics.or(words, singles, 1 << (2 * pair + 1));
        return firstFrame + 2 * pair;
      },
      free: (frame: number, count: number): number => {
        const at = frame - firstFrame;
        if (count !== 1 || at < 0 || at >= frames) return -3;
        if ((Atomics.load(words, pairs) & (1 << (at >> 1))) !== 0) return -4;
        return (Atomics.or(words, singles, 1 << at) & (1 << at)) === 0 ? 0 : -4;
      },
    };
  },
});
