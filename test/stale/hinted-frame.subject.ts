import { defineSubject, type Geometry } from 'frameproof';
import { peek } from 'frameproof/impl';

const owned = 0;
/** Frees so far. While it stands still, a request that was in vain would be again. */
const frees = 1;

/** One frame. */
class HintedFrame {
  private readonly words: Int32Array<SharedArrayBuffer>;
  private readonly frame: number;
  /** What `frees` was before the last request that was in vain. */
  private inVainAt = -1;

  constructor(memory: SharedArrayBuffer, { firstFrame }: Geometry) {
    this.words = new Int32Array(memory);
    this.frame = firstFrame;
  }

  allocate(): number {
    const seen = peek(this.words, frees);
    if (seen === this.inVainAt && Atomics.or(this.words, owned, 0) === 1) return -1;
    if (Atomics.compareExchange(this.words, owned, 0, 1) === 0) return this.frame;
    this.inVainAt = seen;
    return -1;
  }

  free(frame: number, count: number): number {
    if (frame !== this.frame || count !== 1) return -3;
    if (Atomics.compareExchange(this.words, owned, 1, 0) !== 1) return -4;
    Atomics.add(this.words, frees, 1);
    return 0;
  }
}

export default defineSubject({
  name: 'hinted-frame',
  limits: { framesMax: 1 },
  create: (geometry: Geometry) => {
    const memory = new SharedArrayBuffer(8);
    new Int32Array(memory)[owned] = geometry.reserved.length;
    return { memory, geometry };
  },
  attach: ({ memory, geometry }) => new HintedFrame(memory, geometry),
  hints: ({ memory }) => [new Int32Array(memory, 4, 1)],
  observe: ({ memory, geometry }) => [new Int32Array(memory)[owned] === 0 ? 'free' : geometry.reserved.length > 0 ? 'reserved' : 'allocated'],
});
