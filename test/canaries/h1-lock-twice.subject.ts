import { defineSubject } from 'frameproof';
import { Contiguous } from './contiguous.ts';
import { createFrameWords, type FrameWords } from './frames.ts';

/** H1: the statistics are updated under the lock that their update takes: initialisation never ends. */
class LockTwice extends Contiguous {
  readonly #lock: Int32Array;

  constructor(shared: FrameWords & { readonly lock: SharedArrayBuffer }) {
    super(shared);
    this.#lock = new Int32Array(shared.lock);
  }

  initialise(): this {
    this.#acquire();
    this.#updateStatistics();
    Atomics.store(this.#lock, 0, 0);
    return this;
  }

  #updateStatistics(): void {
    this.#acquire();
    Atomics.store(this.#lock, 1, this.framesFree());
    Atomics.store(this.#lock, 0, 0);
  }

  #acquire(): void {
    while (Atomics.compareExchange(this.#lock, 0, 0, 1) !== 0);
  }
}

export default defineSubject({
  name: 'h1-lock-twice',
  features: { contiguous: true },
  limits: { framesMax: 12, workersMax: 1 },
  create: (geometry) => ({ ...createFrameWords(geometry), lock: new SharedArrayBuffer(8) }),
  attach: (shared) => new LockTwice(shared).initialise(),
});
