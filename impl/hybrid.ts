import { peek } from './access.ts';
import { Core } from './core.ts';
import { none } from './entries.ts';
import { allocateLarge, claimClosed, freeLarge } from './large-runs.ts';
import type { HybridShared } from './layout.ts';
import { isExhausted } from './out-of-memory.ts';
import { blockWord, freeFrames } from './pieces.ts';
import { allocateSmall, claimBlocks, claimInWord, freeBlocks, freeInWord, freeSmall } from './small-runs.ts';
import { isCont, isDelegated, isFirst, isFree, ones } from './words.ts';

/** Names of the error codes that a handle answers. */
export const errors = { OutOfMemory: -1, InvalidCount: -2, InvalidFrame: -3, NotAllocated: -4, SizeMismatch: -5, Reserved: -6 } as const;

/**
 * One worker's handle of a hybrid allocator: runs below the chunk size from bitmaps inside chunks, larger ones from whole chunks, both
 * over all of the memory. Any number of workers may allocate and free at once, each with a handle of its own. Lock-free, except that
 * an operation about to answer OutOfMemory waits for a competing multi-word operation whose frames would satisfy it.
 */
export class Hybrid extends Core {
  private declare readonly first: number;
  private declare readonly end: number;
  /** Frames from the first chunk's first to the last chunk's last. */
  private declare readonly span: number;
  private declare readonly chunkMask: number;
  /** The count of one chunk; NaN, which no count equals, if nobody can ask for so many. */
  private declare readonly chunkCount: number;
  /** Counts up to this one may be chunks of one word. */
  private declare readonly closedMax: number;

  constructor(shared: HybridShared, worker: number) {
    super(shared, worker);
    const { firstFrame, frames } = shared;
    this.first = firstFrame;
    this.end = firstFrame + frames;
    this.span = this.chunks * this.chunkFrames;
    this.chunkMask = this.chunkFrames - 1;
    this.chunkCount = this.chunkFrames <= shared.countMax ? this.chunkFrames : Number.NaN;
    this.closedMax = Math.min(this.entries * this.chunkFrames, shared.countMax);
  }

  // One frame, allocated where the last one was or freed, is all that the next two methods do themselves: small enough to become part of their
  // caller's loop. The methods that they call are too large for that; nothing imported is touched but peek (an imported name is read from
  // memory at each use), and nothing is needed after the RMW that could be done before it, since it waits for every store, also of what is kept.

  /** The first of `count` consecutive frames, 1 ≤ count ≤ 2^maxOrder; otherwise InvalidCount or OutOfMemory. */
  allocate(count: number): number {
    if (count !== 1) return this.allocateElsewhere(count);
    const { words, hintAt } = this;
    const seen = peek(words, hintAt);
    const free = seen & ~(seen >>> 16);
    const bit = free & -free & 0xffff;
    if (bit === 0 || Atomics.compareExchange(words, hintAt, seen, seen ^ (bit | (bit << 16))) !== seen) return this.allocateElsewhere(1);
    if (this.hasMarks) this.count(1);
    return this.hintFrame + 31 - Math.clz32(bit);
  }

  /** 0 if `frame`, `count` was exactly one live allocation, now free; otherwise an error, and nothing has changed. */
  free(frame: number, count: number): number {
    const inside = frame - this.base;
    if (count !== 1 || (inside | 0) !== inside || inside < 0 || inside >= this.span) return this.freeElsewhere(frame, count);
    const { words, entryMask } = this;
    const entry = inside & entryMask;
    const at = this.level0 + (inside >>> this.entryShift);
    const seen = peek(words, at);
    const from = seen >>> entry;
    // The entry is first, the next one is not cont, and nobody validates an out-of-memory, who would have to be told before.
    if ((from & 0x1_0001) !== 0x1_0000 || (entry !== entryMask && (from & 0x2_0002) === 0) || peek(words, this.watch) !== 0) return this.freeElsewhere(frame, 1);
    if (at !== this.hintAt) this.moveHint(at - this.level0);
    if (Atomics.compareExchange(words, at, seen, seen ^ (0x1_0001 << entry)) !== seen) return this.freeElsewhere(frame, 1);
    if (this.hasMarks) this.count(-1);
    return 0;
  }

  private allocateElsewhere(count: number): number {
    if (count === this.chunkCount) {
      const { words, chunkHintAt } = this;
      const seen = peek(words, chunkHintAt);
      const free = seen & ~(seen >>> 16);
      const bit = free & -free & 0xffff;
      if (bit !== 0 && Atomics.compareExchange(words, chunkHintAt, seen, seen ^ (bit | (bit << 16))) === seen) {
        if (this.hasMarks) this.count(count);
        return this.chunkHintFrame + ((31 - Math.clz32(bit)) << this.chunkShift);
      }
    }
    if ((count | 0) !== count || count < 1 || count > this.shared.countMax) return errors.InvalidCount;
    let frame = none;
    // What fits a word is tried where the last one was, before anything else is looked at.
    if (this.isBlocks(count)) {
      if (this.blockHint >= 0 && this.isNearHint(this.blockHint << this.blockShift)) frame = claimBlocks(this, this.blockHint, count);
    } else if (count <= this.wordMax) {
      frame = claimInWord(this, this.hintAt - this.level0, count);
    } else if ((count & this.chunkMask) === 0 && count <= this.closedMax) {
      const chunk = claimClosed(this, this.chunkHintAt - this.level1, count >>> this.chunkShift);
      if (chunk !== none) frame = chunk << this.chunkShift;
    }
    if (frame === none) frame = this.search(count);
    if (frame === none) return errors.OutOfMemory;
    if (this.hasMarks) this.count(count);
    return this.base + frame;
  }

  private freeElsewhere(frame: number, count: number): number {
    if (count === this.chunkFrames) {
      const inside = frame - this.base;
      if ((inside | 0) === inside && inside >= 0 && inside < this.span && (inside & this.chunkMask) === 0) {
        const { words, entryMask } = this;
        const chunk = inside >>> this.chunkShift;
        const entry = chunk & entryMask;
        const at = this.level1 + (chunk >>> this.entryShift);
        const seen = peek(words, at);
        const from = seen >>> entry;
        if ((from & 0x1_0001) === 0x1_0000 && (entry === entryMask || (from & 0x2_0002) !== 0) && peek(words, this.watch) === 0) {
          if (at !== this.chunkHintAt) this.moveChunkHint(at - this.level1);
          if (Atomics.compareExchange(words, at, seen, seen ^ (0x1_0001 << entry)) === seen) {
            if (this.hasMarks) this.count(-count);
            return 0;
          }
        }
      }
    }
    if ((count | 0) !== count || count < 1) return errors.InvalidCount;
    if (!Number.isInteger(frame) || frame < this.first || frame + count > this.end) return errors.InvalidFrame;
    const inside = frame - this.base;
    let done = false;
    if (((inside | count) & this.entryMask) === 0 && count <= this.blockMax) done = freeBlocks(this, inside >>> this.entryShift, count);
    else if (count <= this.wordMax) done = freeInWord(this, inside, count);
    if (!done && !(count < this.chunkFrames ? freeSmall(this, inside, count) : freeLarge(this, inside, count))) return this.refusal(frame, count);
    if (this.hasMarks) this.count(-count);
    return 0;
  }

  /** The first frame, inside; or {@link none}, for certain. */
  private search(count: number): number {
    const small = count < this.chunkFrames;
    let frame = none;
    while (frame < 0) {
      frame = small ? allocateSmall(this, count) : allocateLarge(this, count);
      if (frame === none && isExhausted(this, count)) return none;
    }
    return frame;
  }

  /** Free frames, counted off the words: exact when nothing runs. */
  framesFree(): number {
    const { words, level1, chunks, chunkFrames, wordsPerChunk } = this;
    let free = 0;
    for (let chunk = 0; chunk < chunks; chunk++) {
      const parents = peek(words, level1 + (chunk >>> this.entryShift));
      const entry = chunk & this.entryMask;
      if (isFree(parents, entry)) free += chunkFrames;
      if (!isDelegated(parents, entry)) continue;
      const first = chunk * wordsPerChunk;
      for (let word = first; word < first + wordsPerChunk; word++) free += ones(freeFrames(this, blockWord(this, word), word));
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
    const word = Math.floor(inside / entries);
    const block = Atomics.load(words, this.blocks + (word >>> this.blockShift));
    if (isFree(block, word & this.blockMask)) return errors.NotAllocated;
    if (!isDelegated(block, word & this.blockMask)) return errors.SizeMismatch;
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
