import { defineSubject } from 'frameproof';
import { ownRead, ownWrite } from 'frameproof/impl';

/**
 * A flag that only its owner touches: once a worker has found nothing it answers OutOfMemory without looking. Its second allocate shares
 * no access with a free in another thread, so nothing but the order of return and invocation tells a legal answer from a wrong one.
 */
export default defineSubject({
  name: 'own-flag',
  limits: { framesMax: 1 },
  create: ({ firstFrame, workers }) => {
    const memory = new SharedArrayBuffer(4 * (1 + workers));
    new Int32Array(memory)[0] = 1;
    return { memory, firstFrame };
  },
  attach: ({ memory, firstFrame }, worker) => {
    const words = new Int32Array(memory);
    return {
      allocate: (_count: number): number => {
        if (ownRead(words, 1 + worker) === 1) return -1;
        if (Atomics.compareExchange(words, 0, 1, 0) === 1) return firstFrame;
        ownWrite(words, 1 + worker, 1);
        return -1;
      },
      free: (frame: number, count: number): number => {
        if (frame !== firstFrame || count !== 1) return -3;
        return Atomics.compareExchange(words, 0, 0, 1) === 0 ? 0 : -4;
      },
    };
  },
});
