import { poke, type SharedTags, type SharedWords } from './access.ts';
import { lineFlight, lineSeq, lineWords, levelAfter, type HybridShared } from './layout.ts';
import { run } from './words.ts';

/**
 * One worker's view of the shared words, and what it keeps for itself. Sizes and offsets are copied out of {@link HybridShared}, and
 * powers of two kept as shifts: on the fast path one division of two variables costs half as much as a compareExchange.
 */
export class Core {
  readonly shared: HybridShared;
  readonly words: SharedWords;
  readonly tags: SharedTags;
  readonly worker: number;
  readonly chunks: number;
  readonly chunkFrames: number;
  readonly chunkShift: number;
  readonly entries: number;
  readonly entryShift: number;
  readonly entryMask: number;
  readonly wordsPerChunk: number;
  /** A word of which every entry is free. */
  readonly allFree: number;
  /** Counts up to this one fit a word. */
  readonly wordMax: number;
  readonly level0: number;
  readonly level1: number;
  readonly tagsAt: number;
  readonly chunkTagsAt: number;
  /** The word of level 0 that was used last; −1, a word without free entries, before any was. */
  hint = -1;
  /** The word of level 1 that was used last. */
  chunkHint = 0;
  // No #private names here: on the fast path each of their accesses was measured to cost more than a plain field's.
  private readonly line: number;
  readonly hasMarks: boolean;
  private seq = 0;
  /** Frames taken (negative: given back) since the published count was last brought up to date. */
  private drift = 0;

  constructor(shared: HybridShared, worker: number) {
    this.shared = shared;
    this.worker = worker;
    this.words = new Int32Array(shared.memory);
    this.tags = new Int16Array(shared.memory);
    this.chunks = shared.chunks;
    this.chunkFrames = shared.chunkFrames;
    this.chunkShift = Math.log2(shared.chunkFrames);
    this.entries = shared.entries;
    this.entryShift = Math.log2(shared.entries);
    this.entryMask = shared.entries - 1;
    this.wordsPerChunk = shared.wordsPerChunk;
    this.allFree = run(0, shared.entries);
    this.wordMax = Math.min(shared.entries, shared.chunkFrames - 1, shared.countMax);
    this.level0 = shared.level0;
    this.level1 = shared.level1;
    this.tagsAt = shared.tags;
    this.chunkTagsAt = shared.chunkTags;
    this.hasMarks = shared.marks !== undefined;
    this.line = shared.lines + worker * lineWords;
  }

  /** Takes over what an earlier handle of this worker has published. */
  resume(): void {
    this.seq = Atomics.load(this.words, this.line + lineSeq);
  }

  /** Before and after the one RMW that makes frames of a word available: who validates an out-of-memory then knows that it may come. */
  turnSeq(): void {
    this.seq = (this.seq + 1) | 0;
    poke(this.words, this.line + lineSeq, this.seq);
  }

  /** While an operation on several words is under way, the frames of its chunks are neither free nor certain to be taken. */
  beginFlight(flight: number): void {
    poke(this.words, this.line + lineFlight, flight);
  }

  /** The sequence number moves before the flight ends, so that no flight comes and goes unseen. */
  endFlight(): void {
    this.seq = (this.seq + 2) | 0;
    poke(this.words, this.line + lineSeq, this.seq);
    poke(this.words, this.line + lineFlight, 0);
  }

  /** Counts frames taken (negative: given back) by an operation that has succeeded; needed only with marks. */
  count(frames: number): void {
    const { batch } = this.shared;
    this.drift += frames;
    if (this.drift >= batch || -this.drift >= batch) this.publish();
  }

  /** Adds the drift to the published count and moves the pressure with it, both in one word, so that no crossing is lost. */
  private publish(): void {
    const { marks, pressure } = this.shared;
    if (marks === undefined) return;
    let seen = Atomics.load(this.words, pressure);
    for (;;) {
      const framesFree = (seen >> 2) - this.drift;
      const next = framesFree * 4 + levelAfter(seen & 3, framesFree, marks);
      const found = Atomics.compareExchange(this.words, pressure, seen, next);
      if (found === seen) break;
      seen = found;
    }
    this.drift = 0;
  }
}
