import { defineSubject } from 'frameproof';

/**
 * A flag of the handle's own: the allocate after one that found nothing answers OutOfMemory without looking, once. It shares no access
 * with a free in another thread, so nothing but the order of that free's return and its own invocation tells a legal answer from a wrong one.
 */
export default defineSubject({
  name: 'own-flag',
  limits: { framesMax: 1 },
  create: ({ firstFrame }) => {
    const memory = new SharedArrayBuffer(4);
    new Int32Array(memory)[0] = 1;
    return { memory, firstFrame };
  },
  attach: ({ memory, firstFrame }) => {
    const words = new Int32Array(memory);
    let foundNothing = false;
    return {
      allocate: (_count: number): number => {
        if (foundNothing) {
          foundNothing = false;
          return -1;
        }
        if (Atomics.compareExchange(words, 0, 1, 0) === 1) return firstFrame;
        foundNothing = true;
        return -1;
      },
      free: (frame: number, count: number): number => {
        foundNothing = false; // its own frees it does notice
        if (frame !== firstFrame || count !== 1) return -3;
        return Atomics.compareExchange(words, 0, 0, 1) === 0 ? 0 : -4;
      },
    };
  },
});
