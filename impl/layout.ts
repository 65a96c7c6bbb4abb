import type { FrameRange, Geometry, Watermarks } from '../spec/contract.ts';
import { type SharedWords, ownWrite } from './access.ts';
import { delegation, run, whole } from './words.ts';

/** Int32 words of a worker's line: 128 bytes, so that no two workers write one cache line. */
export const lineWords = 32;
/** Odd while one RMW that makes frames available is in flight; moved by two when an operation on several words ends. */
export const lineSeq = 0;
/** The chunks that a multi-word operation is working on, or 0; see {@link flightOf}. */
export const lineFlight = 1;

/**
 * The shared state of one allocator: plain numbers and one SharedArrayBuffer, so that it can be posted to workers. Offsets count Int32
 * words, except `tags`, which counts Int16. Numbers of chunks and frames inside are relative to the first chunk.
 */
export interface HybridShared {
  readonly memory: SharedArrayBuffer;
  readonly frames: number;
  readonly firstFrame: number;
  readonly reserved: readonly FrameRange[];
  readonly marks: Watermarks | undefined;
  readonly workers: number;
  readonly countMax: number;
  readonly chunkFrames: number;
  /** Frame number at which chunk 0 starts, a multiple of the chunk size. */
  readonly base: number;
  readonly chunks: number;
  /** Entries of a word. */
  readonly entries: number;
  readonly wordsPerChunk: number;
  /** The bits of a worker's sequence number that validation looks at. */
  readonly seqMask: number;
  /** Frames by which a worker's count may differ from the published one before it is added; see {@link HybridShared.pressure}. */
  readonly batch: number;
  /** Published free frames × 4 + pressure level. */
  readonly pressure: number;
  /** How many workers validate an out-of-memory at the moment; see `impl/out-of-memory.ts`. In a line of its own: each free reads it. */
  readonly watch: number;
  readonly lines: number;
  /** One entry a chunk. */
  readonly level1: number;
  /** One entry a block of frames, which is a word of level 0: `min(entries, wordsPerChunk)` of them a word, so that no word is of two chunks. */
  readonly blocks: number;
  /** One entry a frame. */
  readonly level0: number;
  /** Count of the multi-word allocation that starts at a chunk, or 0. */
  readonly chunkTags: number;
  /** Count of the multi-word allocation inside a chunk that starts at a frame, or 0. */
  readonly tags: number;
}

export interface HybridOptions {
  /** Entries of a word, a power of two from 2 to 16. Fewer make multi-word protocols show at toy sizes. */
  readonly wordEntries?: number;
  /** Bits of a worker's sequence number, 2 to 32. Few make its wrap-around show in short executions. */
  readonly seqBits?: number;
}

/** Numbers of frames are whole numbers of 31 bits, counted from the first chunk. */
const framesMax = 2 ** 30;
/** Chunks that a flight word can tell apart, and that one operation can cover. */
const chunksMax = 2 ** 18 - 1;
const coverMax = 2 ** 13;

/** The flight word of an operation on `count` chunks from `chunk`. */
export const flightOf = (chunk: number, count: number): number => ((chunk + 1) * coverMax + count - 1) | 0;
export const flightChunk = (flight: number): number => (flight >>> 13) - 1;
export const flightCount = (flight: number): number => (flight & (coverMax - 1)) + 1;

const aligned = (words: number): number => Math.ceil(words / lineWords) * lineWords;

/** Lays out an allocator of which every available frame is free. Throws a RangeError for a geometry that it cannot manage. */
export function createHybrid(geometry: Geometry, options: HybridOptions = {}): HybridShared {
  const { frames, firstFrame, chunkFrames, maxOrder, workers, reserved, marks } = geometry;
  const entries = Math.min(options.wordEntries ?? 16, chunkFrames, 16);
  if ((chunkFrames & (chunkFrames - 1)) !== 0 || chunkFrames < 2 || chunkFrames > 2 ** 14) throw new RangeError(`chunks of ${chunkFrames} frames: expected a power of two from 2 to 16384`);
  if ((entries & (entries - 1)) !== 0 || entries < 2) throw new RangeError(`${entries} entries a word: expected a power of two from 2 to 16`);
  if (!Number.isInteger(frames) || frames < 1 || !Number.isInteger(firstFrame) || firstFrame < 0) throw new RangeError(`${frames} frames from ${firstFrame}: expected whole numbers, at least one frame`);
  const base = Math.floor(firstFrame / chunkFrames) * chunkFrames;
  const chunks = Math.ceil((firstFrame + frames - base) / chunkFrames);
  const seqBits = options.seqBits ?? 32;
  if (!Number.isInteger(seqBits) || seqBits < 2 || seqBits > 32) throw new RangeError(`sequence numbers of ${seqBits} bits: expected 2 to 32`);
  if (chunks * chunkFrames > framesMax) throw new RangeError(`${frames} frames: at most ${framesMax} can be managed`);
  if (chunks > chunksMax) throw new RangeError(`${frames} frames are ${chunks} chunks; at most ${chunksMax} can be managed`);
  if (2 ** maxOrder > (coverMax - 1) * chunkFrames) throw new RangeError(`order ${maxOrder}: the largest block has at most ${coverMax - 1} chunks`);
  const wordsPerChunk = chunkFrames / entries;
  const pressure = 0;
  const watch = lineWords;
  const lines = 2 * lineWords;
  const level1 = lines + workers * lineWords;
  const blocks = level1 + aligned(Math.ceil(chunks / entries));
  const blocksPerWord = Math.min(entries, wordsPerChunk);
  const level0 = blocks + aligned((chunks * wordsPerChunk) / blocksPerWord + 1); // the word before level 0 stays 0: no hint yet
  const chunkTags = level0 + aligned(chunks * wordsPerChunk);
  const tagWords = chunkTags + aligned(chunks);
  const shared: HybridShared = {
    memory: new SharedArrayBuffer(4 * tagWords + 2 * chunks * chunkFrames),
    frames, firstFrame, reserved: reserved.map(({ start, count }) => ({ start, count })), marks: marks && { ...marks }, workers, countMax: 2 ** maxOrder,
    chunkFrames, base, chunks, entries, wordsPerChunk, pressure, watch, lines, level1, blocks, level0, chunkTags,
    tags: tagWords * 2,
    seqMask: seqBits === 32 ? -1 : 2 ** seqBits - 1,
    batch: Math.max(1, Math.min(64, Math.floor(frames / (workers * 256)))),
  };
  fill(shared);
  return shared;
}

/** A chunk that is wholly there is closed and free; any other is broken for ever. The same of blocks in it. What is not there is delegated to nothing. */
function fill(shared: HybridShared): void {
  const { memory, base, chunks, chunkFrames, entries, wordsPerChunk, blocks, level0, level1 } = shared;
  const words: SharedWords = new Int32Array(memory);
  const chunkWords = new Int32Array(Math.ceil(chunks / entries));
  const blocksPerWord = Math.min(entries, wordsPerChunk);
  const frameWords = new Int32Array(wordsPerChunk);
  for (let chunk = 0; chunk < chunkWords.length * entries; chunk++) {
    const at = Math.floor(chunk / entries);
    const entry = chunk % entries;
    let missing = chunk >= chunks;
    frameWords.fill(0);
    for (let frame = 0; frame < chunkFrames && chunk < chunks; frame++) {
      const there = isAvailable(shared, base + chunk * chunkFrames + frame);
      if (!there) missing = true;
      const word = Math.floor(frame / entries);
      frameWords[word] = (frameWords[word] as number) | (there ? 1 << (frame % entries) : whole(frame % entries));
    }
    chunkWords[at] = (chunkWords[at] as number) | (1 << entry) | (missing ? delegation(entry) : 0);
    if (!missing || chunk >= chunks) continue;
    for (let from = 0; from < wordsPerChunk; from += blocksPerWord) {
      let blockWord = run(0, blocksPerWord);
      for (let index = from; index < from + blocksPerWord; index++) {
        if (frameWords[index] === run(0, entries)) continue;
        blockWord |= delegation(index - from);
        ownWrite(words, level0 + chunk * wordsPerChunk + index, frameWords[index] as number);
      }
      ownWrite(words, blocks + (chunk * wordsPerChunk + from) / blocksPerWord, blockWord);
    }
  }
  for (let index = 0; index < chunkWords.length; index++) ownWrite(words, level1 + index, chunkWords[index] as number);
  const free = shared.frames - countReserved(shared);
  if (shared.marks !== undefined) ownWrite(words, shared.pressure, free * 4 + levelAfter(0, free, shared.marks));
}

function isAvailable({ firstFrame, frames, reserved }: HybridShared, frame: number): boolean {
  return frame >= firstFrame && frame < firstFrame + frames && !reserved.some(({ start, count }) => frame >= start && frame < start + count);
}

/** Distinct reserved frames; ranges may overlap. */
export function countReserved({ firstFrame, frames, reserved }: Pick<HybridShared, 'firstFrame' | 'frames' | 'reserved'>): number {
  let counted = 0;
  let end = firstFrame;
  for (const range of [...reserved].sort((a, b) => a.start - b.start)) {
    const from = Math.max(end, range.start);
    end = Math.max(end, Math.min(range.start + range.count, firstFrame + frames));
    counted += Math.max(0, end - from);
  }
  return counted;
}

/** Pressure 0 ok … 3 critical: down under a mark, up only at the mark plus the gap. */
export function levelAfter(level: number, framesFree: number, { low, min, critical, gap }: Watermarks): number {
  const fallen = framesFree < critical ? 3 : framesFree < min ? 2 : framesFree < low ? 1 : 0;
  if (fallen >= level) return fallen;
  const risen = framesFree >= low + gap ? 0 : framesFree >= min + gap ? 1 : framesFree >= critical + gap ? 2 : 3;
  return Math.min(level, Math.max(fallen, risen));
}
