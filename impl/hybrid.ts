import { peek } from './access.ts';
import { Core } from './core.ts';
import { allocateLarge, freeLarge } from './large-runs.ts';
import { countReserved, lineHeld, lineWords, type HybridShared } from './layout.ts';
import { isExhausted } from './out-of-memory.ts';
import { allocateSmall, freeSmall } from './small-runs.ts';
import { isCont, isFirst, isFree } from './words.ts';

/** Names of the error codes that a handle answers. */
export const errors = { OutOfMemory: -1, InvalidCount: -2, InvalidFrame: -3, NotAllocated: -4, SizeMismatch: -5, Reserved: -6 } as const;

/**
 * One worker's handle of a hybrid allocator: runs below the chunk size from bitmaps inside chunks, larger ones from whole chunks, both
 * over all of the memory. Any number of workers may allocate and free at once, each with a handle of its own. Lock-free, except that
 * an operation about to answer OutOfMemory waits for a competing multi-word operation whose frames would satisfy it.
 */
export class Hybrid {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** The first of `count` consecutive frames, 1 ≤ count ≤ 2^maxOrder; otherwise InvalidCount or OutOfMemory. */
  allocate(count: number): number {
    const core = this.#core;
    const { countMax, chunkFrames, base } = core.shared;
    if (!Number.isInteger(count) || count < 1 || count > countMax) return errors.InvalidCount;
    for (;;) {
      const frame = count < chunkFrames ? allocateSmall(core, count) : allocateLarge(core, count);
      if (frame >= 0) {
        core.count(count);
        return base + frame;
      }
      if (frame === -1 && isExhausted(core, count)) return errors.OutOfMemory;
    }
  }

  /** 0 if `frame`, `count` was exactly one live allocation, now free; otherwise an error, and nothing has changed. */
  free(frame: number, count: number): number {
    const core = this.#core;
    const { firstFrame, frames, base, chunkFrames } = core.shared;
    if (!Number.isInteger(count) || count < 1) return errors.InvalidCount;
    if (!Number.isInteger(frame) || frame < firstFrame || frame + count > firstFrame + frames) return errors.InvalidFrame;
    const done = count < chunkFrames ? freeSmall(core, frame - base, count) : freeLarge(core, frame - base, count);
    if (!done) return this.#refusal(frame, count);
    core.count(-count);
    return 0;
  }

  /** Free frames; exact when nothing runs. */
  framesFree(): number {
    const { shared, words } = this.#core;
    let held = 0;
    for (let worker = 0; worker < shared.workers; worker++) held = (held + peek(words, shared.lines + worker * lineWords + lineHeld)) | 0;
    return shared.frames - countReserved(shared) - held;
  }

  /** 0 ok, 1 low, 2 min, 3 critical, by counts that lag by at most `batch` frames a worker. */
  pressure(): number {
    const { shared, words } = this.#core;
    return Atomics.load(words, shared.pressure) & 3;
  }

  /** Why a free was refused. Exact if the call ran alone; beside others NotAllocated and SizeMismatch may be confused. */
  #refusal(frame: number, count: number): number {
    const { words, shared } = this.#core;
    const { base, chunkFrames, entries, level1, level0, reserved } = shared;
    for (const range of reserved) if (frame < range.start + range.count && range.start < frame + count) return errors.Reserved;
    const inside = frame - base;
    const chunk = Math.floor(inside / chunkFrames);
    const parent = Atomics.load(words, level1 + Math.floor(chunk / entries));
    if (isFree(parent, chunk % entries)) return errors.NotAllocated;
    if (isFirst(parent, chunk % entries) || isCont(parent, chunk % entries)) return errors.SizeMismatch;
    return isFree(Atomics.load(words, level0 + Math.floor(inside / entries)), inside % entries) ? errors.NotAllocated : errors.SizeMismatch;
  }
}

/** The handle of one worker, 0 ≤ worker < workers. At most one handle of a worker works at a time. */
export function attachHybrid(shared: HybridShared, worker: number): Hybrid {
  if (!Number.isInteger(worker) || worker < 0 || worker >= shared.workers) throw new RangeError(`worker ${worker} of ${shared.workers}`);
  const core = new Core(shared, worker);
  core.resume();
  return new Hybrid(core);
}
