import { defineSubject, type Geometry } from 'frameproof';

/**
 * Runs of frames behind a robust lock: the lock says who holds it, and who buries a dead holder puts the words in order before he gives it up.
 * Word 0: the holder's number + 1, or 0. Then one word a frame: 0 free, n > 0 the first of a live run of n, body a further one, claimed not yet given out.
 */
const body = -1;
const claimed = -2;
const reserved = -3;
const header = 1;

class RobustLock {
  private readonly words: Int32Array;
  private readonly worker: number;
  private readonly first: number;
  private readonly frames: number;

  constructor(memory: SharedArrayBuffer, worker: number, { firstFrame, frames }: Geometry) {
    this.words = new Int32Array(memory);
    this.worker = worker;
    this.first = firstFrame;
    this.frames = frames;
  }

  allocate(count: number): number {
    if (count < 1) return -2;
    this.acquire();
    const start = this.find(count);
    if (start >= 0) {
      for (let at = start; at < start + count; at++) Atomics.store(this.words, header + at, claimed);
      for (let at = start + 1; at < start + count; at++) Atomics.store(this.words, header + at, body);
      Atomics.store(this.words, header + start, count);
    }
    this.release();
    return start < 0 ? -1 : this.first + start;
  }

  free(frame: number, count: number): number {
    const start = frame - this.first;
    if (count < 1) return -2;
    if (start < 0 || start + count > this.frames) return -3;
    this.acquire();
    const live = Atomics.load(this.words, header + start) === count;
    if (live) {
      Atomics.store(this.words, header + start, claimed);
      for (let at = start + 1; at < start + count; at++) Atomics.store(this.words, header + at, 0);
      Atomics.store(this.words, header + start, 0);
    }
    this.release();
    return live ? 0 : -4;
  }

  bury(worker: number): number {
    if (Atomics.load(this.words, 0) !== worker + 1) return 0;
    this.repair();
    Atomics.store(this.words, 0, 0);
    return 0;
  }

  /** Frees what no live run covers: only the holder of the lock can have left such words. */
  repair(): void {
    for (let at = 0; at < this.frames; ) {
      const word = Atomics.load(this.words, header + at);
      if (word === claimed || word === body) Atomics.store(this.words, header + at, 0);
      at += word > 0 ? word : 1;
    }
  }

  private find(count: number): number {
    let length = 0;
    for (let at = 0; at < this.frames; at++) {
      length = Atomics.load(this.words, header + at) === 0 ? length + 1 : 0;
      if (length === count) return at + 1 - count;
    }
    return -1;
  }

  private acquire(): void {
    while (Atomics.compareExchange(this.words, 0, 0, this.worker + 1) !== 0) Atomics.pause();
  }

  private release(): void {
    Atomics.store(this.words, 0, 0);
  }
}

export default defineSubject({
  name: 'robust-lock',
  features: { contiguous: true, crash: true },
  limits: { framesMax: 8 },
  waitingPoints: ['acquire'],
  create: (geometry: Geometry) => {
    const memory = new SharedArrayBuffer(4 * (header + geometry.frames));
    const words = new Int32Array(memory);
    for (const { start, count } of geometry.reserved) words.fill(reserved, header + start - geometry.firstFrame, header + start - geometry.firstFrame + count);
    return { memory, geometry };
  },
  attach: ({ memory, geometry }, worker) => new RobustLock(memory, worker, geometry),
  observe: ({ memory, geometry }) => {
    const words = new Int32Array(memory);
    return Array.from({ length: geometry.frames }, (_, at) => {
      const word = words[header + at];
      return word === 0 ? 'free' : word === reserved ? 'reserved' : 'allocated';
    });
  },
  recover: ({ memory, geometry }) => {
    new RobustLock(memory, 0, geometry).repair();
    Atomics.store(new Int32Array(memory), 0, 0);
  },
});
