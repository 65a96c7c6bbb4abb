import { poke, type SharedTags, type SharedWords } from './access.ts';
import { lineFlight, lineSeq, lineWords, levelAfter, type HybridShared } from './layout.ts';
import { run } from './words.ts';

/**
 * One worker's view of the shared words, and what it keeps for itself. Sizes and offsets are copied out of {@link HybridShared}, and
 * powers of two kept as shifts: on the fast path one division of two variables costs half as much as a compareExchange. Fields are declared, not
 * defined: one that was undefined for a moment is checked for being a number at each read.
 */
export class Core {
  declare readonly shared: HybridShared;
  declare readonly words: SharedWords;
  declare readonly tags: SharedTags;
  declare readonly worker: number;
  declare readonly chunks: number;
  declare readonly chunkFrames: number;
  declare readonly chunkShift: number;
  declare readonly entries: number;
  declare readonly entryShift: number;
  declare readonly entryMask: number;
  declare readonly wordsPerChunk: number;
  /** A word of which every entry is free. */
  declare readonly allFree: number;
  /** Counts up to this one fit a word. */
  declare readonly wordMax: number;
  declare readonly level0: number;
  declare readonly level1: number;
  /** Words of blocks; a block is what one word of level 0 tells. Its word is that many shifted by `blockShift`, its entry there under `blockMask`. */
  declare readonly blocks: number;
  declare readonly blockShift: number;
  declare readonly blockMask: number;
  /** A word of blocks of which every entry is free. */
  declare readonly allBlocks: number;
  /** Counts up to this one may be blocks of one word. */
  declare readonly blockMax: number;
  declare readonly tagsAt: number;
  declare readonly chunkTagsAt: number;
  /** The word of blocks that was used last, counted from the first; −1 before any was. */
  declare blockHint: number;
  declare readonly watch: number;
  declare readonly base: number;
  /** Where the word of level 0 that was used last lies; the word before the first one, which has no free entries, before any was. */
  declare hintAt: number;
  /** The number of that word's first frame. */
  declare hintFrame: number;
  /** The same for level 1, of which the first word is where the search begins. */
  declare chunkHintAt: number;
  declare chunkHintFrame: number;
  // No #private names here: on the fast path each of their accesses was measured to cost more than a plain field's.
  private declare readonly line: number;
  declare readonly hasMarks: boolean;
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
    const blocks = Math.min(shared.entries, shared.wordsPerChunk);
    this.blocks = shared.blocks;
    this.blockShift = Math.log2(blocks);
    this.blockMask = blocks - 1;
    this.allBlocks = run(0, blocks);
    this.blockMax = Math.min(blocks * shared.entries, shared.chunkFrames - 1, shared.countMax);
    this.blockHint = -1;
    this.level0 = shared.level0;
    this.level1 = shared.level1;
    this.tagsAt = shared.tags;
    this.chunkTagsAt = shared.chunkTags;
    this.watch = shared.watch;
    this.base = shared.base;
    this.hintAt = this.level0 - 1;
    this.hintFrame = 0;
    this.chunkHintAt = this.level1;
    this.chunkHintFrame = this.base;
    this.hasMarks = shared.marks !== undefined;
    this.line = shared.lines + worker * lineWords;
  }

  /** The next search begins at this word of level 0, counted from the first. */
  moveHint(word: number): void {
    this.hintAt = this.level0 + word;
    this.hintFrame = this.base + (word << this.entryShift);
  }

  /** Blocks from this word of level 0 on were used last. Single frames follow into its chunk, so that all that is shorter than a chunk has one chunk to begin with. */
  moveBlockHint(word: number): void {
    this.blockHint = word >>> this.blockShift;
    if (!this.isNearHint(word)) this.moveHint(word);
  }

  /** Whether a word of level 0 is one of the chunk in which the last run was. */
  isNearHint(word: number): boolean {
    return (word ^ (this.hintAt - this.level0)) >>> (this.chunkShift - this.entryShift) === 0;
  }

  moveChunkHint(word: number): void {
    this.chunkHintAt = this.level1 + word;
    this.chunkHintFrame = this.base + (word << (this.entryShift + this.chunkShift));
  }

  /** Whether a count less than a chunk is taken as blocks, where they are. */
  isBlocks(count: number): boolean {
    return (count & this.entryMask) === 0 && count <= this.blockMax;
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
