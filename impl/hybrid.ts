import { peek } from './access.ts';
import { Core } from './core.ts';
import { allocateLarge, claimClosed, freeClosed, freeLarge } from './large-runs.ts';
import type { HybridShared } from './layout.ts';
import { isExhausted } from './out-of-memory.ts';
import { allocateSmall, claimAtHint, claimInWord, freeInWord, freeSmall, none } from './small-runs.ts';
import { freeEntries, isCont, isDelegated, isFirst, isFree, ones } from './words.ts';

/** Names of the error codes that a handle answers. */
export const errors = { OutOfMemory: -1, InvalidCount: -2, InvalidFrame: -3, NotAllocated: -4, SizeMismatch: -5, Reserved: -6 } as const;

/**
 * One worker's handle of a hybrid allocator: runs below the chunk size from bitmaps inside chunks, larger ones from whole chunks, both
 * over all of the memory. Any number of workers may allocate and free at once, each with a handle of its own. Lock-free, except that
 * an operation about to answer OutOfMemory waits for a competing multi-word operation whose frames would satisfy it.
 */
export class Hybrid extends Core {
  /** Frame number of the first chunk's first frame. */
  private readonly base: number;
  private readonly first: number;
  private readonly end: number;
  private readonly chunkMask: number;
  /** Counts up to this one may be chunks of one word. */
  private readonly closedMax: number;

  constructor(shared: HybridShared, worker: number) {
    super(shared, worker);
    const { base, firstFrame, frames } = shared;
    this.base = base;
    this.first = firstFrame;
    this.end = firstFrame + frames;
    this.chunkMask = this.chunkFrames - 1;
    this.closedMax = Math.min(this.entries * this.chunkFrames, shared.countMax);
  }

  /** The first of `count` consecutive frames, 1 ≤ count ≤ 2^maxOrder; otherwise InvalidCount or OutOfMemory. */
  allocate(count: number): number {
    if ((count | 0) !== count || count < 1) return errors.InvalidCount;
    // What fits a word is tried where the last one was, before anything else is looked at.
    if (count <= this.wordMax) {
      const frame = claimInWord(this, this.hint, count);
      if (frame >= 0) return this.taken(frame, count);
    } else if ((count & this.chunkMask) === 0 && count <= this.closedMax) {
      const chunk = claimClosed(this, this.chunkHint, count >>> this.chunkShift);
      if (chunk >= 0) return this.taken(chunk << this.chunkShift, count);
    }
    const frame = this.search(count);
    if (frame < 0) return frame === none ? errors.OutOfMemory : errors.InvalidCount;
    return this.taken(frame, count);
  }

  /** 0 if `frame`, `count` was exactly one live allocation, now free; otherwise an error, and nothing has changed. */
  free(frame: number, count: number): number {
    if ((count | 0) !== count || count < 1) return errors.InvalidCount;
    if (!Number.isInteger(frame) || frame < this.first || frame + count > this.end) return errors.InvalidFrame;
    const inside = frame - this.base;
    const done = count <= this.wordMax ? freeInWord(this, inside, count) : freeClosed(this, inside, count);
    if (!done && !this.freeElsewhere(inside, count)) return this.refusal(frame, count);
    if (this.hasMarks) this.count(-count);
    return 0;
  }

  private taken(frame: number, count: number): number {
    if (this.hasMarks) this.count(count);
    return this.base + frame;
  }

  private freeElsewhere(frame: number, count: number): boolean {
    return count < this.chunkFrames ? freeSmall(this, frame, count) : freeLarge(this, frame, count);
  }

  /** The first frame, inside; {@link none}, for certain; or below that for a count that nothing can be asked for. */
  private search(count: number): number {
    if (count > this.shared.countMax) return none - 1;
    const small = count < this.chunkFrames;
    let frame = small && count > this.entries ? claimAtHint(this, count) : none;
    while (frame < 0) {
      frame = small ? allocateSmall(this, count) : allocateLarge(this, count);
      if (frame === none && isExhausted(this, count)) return none;
    }
    return frame;
  }

  /** Free frames, counted off the words: exact when nothing runs. */
  framesFree(): number {
    const { words, level0, level1, chunks, chunkFrames, wordsPerChunk } = this;
    let free = 0;
    for (let chunk = 0; chunk < chunks; chunk++) {
      const parents = peek(words, level1 + (chunk >>> this.entryShift));
      const entry = chunk & this.entryMask;
      if (isFree(parents, entry)) free += chunkFrames;
      if (!isDelegated(parents, entry)) continue;
      const first = level0 + chunk * wordsPerChunk;
      for (let word = first; word < first + wordsPerChunk; word++) free += ones(freeEntries(peek(words, word)));
    }
    return free;
  }

  /** 0 ok, 1 low, 2 min, 3 critical, by counts that lag by at most `batch` frames a worker. */
  pressure(): number {
    const { shared, words } = this;
    return Atomics.load(words, shared.pressure) & 3;
  }

  /** Why a free was refused. Exact if the call ran alone; beside others NotAllocated and SizeMismatch may be confused. */
  private refusal(frame: number, count: number): number {
    const { words, shared } = this;
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
  const handle = new Hybrid(shared, worker);
  handle.resume();
  return handle;
}
