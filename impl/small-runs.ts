import { peek, pokeTag } from './access.ts';
import type { Core } from './core.ts';
import { beaten, claimEntries, freeRun, none } from './entries.ts';
import { flightOf } from './layout.ts';
import { blockWord, breakBlock, breakChunk, claimFrames, freeFrames, releaseFrames } from './pieces.ts';
import { delegated, freeEntries, isCont, isDelegated, isExtent, isFree, lowest, startsOfRuns } from './words.ts';

/**
 * Runs shorter than a chunk: whole blocks if it is a number of them and they are there, else inside one word if one has room, else across words of
 * one chunk, else in a chunk broken for it. Frames and chunks are counted from the first chunk here.
 */

/**
 * The first frame of `count` free ones, now allocated; {@link none} if none were seen, {@link beaten} if what was seen got lost. Chunks that are
 * partly used come first, so that a chunk stays whole as long as others have room; then a broken one that is whole again; then a closed one.
 */
export function allocateSmall(core: Core, count: number): number {
  const { words, chunks, entries, level1 } = core;
  const hinted = Math.max(core.hintAt - core.level0, 0) >>> (core.chunkShift - core.entryShift);
  let whole = none;
  let closed = none;
  let parents = 0;
  for (let step = 0; step < chunks; ) {
    const chunk = hinted + step < chunks ? hinted + step : hinted + step - chunks;
    const entry = chunk & core.entryMask;
    if (step === 0 || entry === 0) {
      parents = peek(words, level1 + (chunk >>> core.entryShift));
      if (delegated(parents) === 0 && (closed !== none || freeEntries(parents) === 0)) {
        step += Math.min(entries - entry, chunks - chunk); // nothing for us in the rest of this word
        continue;
      }
    }
    step++;
    if (closed === none && isFree(parents, entry)) closed = chunk;
    if (!isDelegated(parents, entry)) continue;
    const start = placeIn(core, chunk, count);
    if (start === none) continue;
    if (isWhole(core, chunk)) {
      if (whole === none) whole = start;
      continue;
    }
    const frame = claimAt(core, start, count);
    if (frame !== none) return frame;
  }
  if (whole !== none) {
    const frame = claimAt(core, whole, count);
    return frame === none ? beaten : frame;
  }
  return closed === none ? none : breakForRun(core, closed, count);
}

/** Where in a broken chunk `count` frames were seen free, in the order of preference that this file begins with, blocks being broken last; or {@link none}. */
function placeIn(core: Core, chunk: number, count: number): number {
  const { wordsPerChunk, entryShift, entries, allFree, blockMask } = core;
  const first = chunk * wordsPerChunk;
  const inWord = count <= core.wordMax;
  const blocks = core.isBlocks(count) ? count >>> entryShift : 0;
  let across = none;
  let closed = none;
  let length = 0;
  let parents = 0;
  for (let word = first; word < first + wordsPerChunk; word++) {
    if ((word & blockMask) === 0) {
      parents = blockWord(core, word);
      const starts = blocks === 0 ? 0 : startsOfRuns(freeEntries(parents), blocks);
      if (starts !== 0) return (word + lowest(starts)) << entryShift;
    }
    const free = freeFrames(core, parents, word);
    if (inWord) {
      if (isFree(parents, word & blockMask)) {
        if (closed === none) closed = word << entryShift;
      } else {
        const starts = startsOfRuns(free, count);
        if (starts !== 0) return (word << entryShift) + lowest(starts);
      }
    }
    if (across !== none || count === 1) continue;
    // Free entries at the start of this word go on with the run of the words before it.
    const taken = ~free & allFree;
    length += taken === 0 ? entries : lowest(taken);
    if (length >= count) {
      across = ((word << entryShift) + (taken === 0 ? entries : lowest(taken))) - length;
      if (!inWord && blocks === 0) return across;
    }
    if (taken !== 0) length = entries - (32 - Math.clz32(taken));
  }
  return closed === none ? across : closed;
}

function isWhole(core: Core, chunk: number): boolean {
  const first = chunk * core.wordsPerChunk;
  for (let word = first; word < first + core.wordsPerChunk; word++) if (freeFrames(core, blockWord(core, word), word) !== core.allFree) return false;
  return true;
}

/** The run from `start`, or another one in its word if it lies in one; {@link none} or {@link beaten} if it is gone. */
function claimAt(core: Core, start: number, count: number): number {
  const word = start >>> core.entryShift;
  const entry = start & core.entryMask;
  if (isFree(blockWord(core, word), word & core.blockMask)) {
    const frame = core.isBlocks(count) ? claimBlocks(core, word >>> core.blockShift, count) : none;
    if (frame !== none) return frame;
    if (count <= core.wordMax) return breakForWord(core, word, count);
  }
  if (count <= core.wordMax && entry + count <= core.entries) return claimInWord(core, word, count);
  return claimAcrossWords(core, start, count);
}

/** Closed blocks of one word. */
export function claimBlocks(core: Core, word: number, count: number): number {
  const block = claimEntries(core.words, core.blocks + word, count >>> core.entryShift);
  if (block === none) return none;
  core.moveBlockHint((word << core.blockShift) + block);
  return ((word << core.blockShift) + block) << core.entryShift;
}

export function claimInWord(core: Core, word: number, count: number): number {
  const entry = claimEntries(core.words, core.level0 + word, count);
  if (entry === none) return none;
  core.moveHint(word);
  return (word << core.entryShift) + entry;
}

function claimAcrossWords(core: Core, from: number, count: number): number {
  core.beginFlight(flightOf(from >>> core.chunkShift, 1));
  const won = claimPieces(core, from, count);
  if (won) {
    pokeTag(core.tags, core.tagsAt + from, count);
    core.moveHint(from >>> core.entryShift);
  }
  core.endFlight();
  return won ? from : beaten;
}

/** Claims word by word, upward; gives back what it had when it meets a frame that is taken. To be called in flight. */
function claimPieces(core: Core, from: number, count: number): boolean {
  const taken = claimFrames(core, from, count, true);
  if (taken === count) return true;
  releaseFrames(core, from, taken, true);
  return false;
}

/** Breaks a closed block into frames, with the own run taken already. */
function breakForWord(core: Core, word: number, count: number): number {
  core.beginFlight(flightOf(word >>> (core.chunkShift - core.entryShift), 1));
  const won = breakBlock(core, word, count);
  core.endFlight();
  if (!won) return beaten;
  core.moveHint(word);
  return word << core.entryShift;
}

/** Breaks a closed chunk, likewise. */
function breakForRun(core: Core, chunk: number, count: number): number {
  core.beginFlight(flightOf(chunk, 1));
  const won = breakChunk(core, chunk, count, true);
  core.endFlight();
  if (!won) return beaten;
  const word = chunk * core.wordsPerChunk;
  if (core.isBlocks(count)) core.blockHint = word >>> core.blockShift;
  core.moveHint(word);
  return chunk << core.chunkShift;
}

/** Frees exactly one live allocation of less than a chunk, or says false and changes nothing: what the memory says now decides. */
export function freeSmall(core: Core, frame: number, count: number): boolean {
  const { words, entries, entryMask, entryShift } = core;
  const word = frame >>> entryShift;
  const entry = frame & entryMask;
  const at = core.level0 + word;
  for (;;) {
    const parents = Atomics.load(words, core.blocks + (word >>> core.blockShift));
    if (!isDelegated(parents, word & core.blockMask)) {
      if (isFree(parents, word & core.blockMask) || isCont(parents, word & core.blockMask)) return false;
      if (((frame | count) & entryMask) !== 0 || !isExtent(parents, word & core.blockMask, count >>> entryShift, core.blockMask + 1)) return false;
      if (freeBlocks(core, word, count)) return true;
      continue;
    }
    const now = Atomics.load(words, at);
    if (isDelegated(now, entry)) return count > 1 && freeAcrossWords(core, frame, count);
    if (!isExtent(now, entry, count, entries)) return false;
    if (freeInWord(core, frame, count)) return true;
  }
}

/** Both say false and change nothing if what they saw is not exactly one live allocation; it may be stale. */
export function freeInWord(core: Core, frame: number, count: number): boolean {
  const word = frame >>> core.entryShift;
  const done = freeRun(core, core.level0 + word, frame & core.entryMask, count, core.entries);
  if (done) core.moveHint(word);
  return done;
}

export function freeBlocks(core: Core, block: number, count: number): boolean {
  const word = block >>> core.blockShift;
  const done = freeRun(core, core.blocks + word, block & core.blockMask, count >>> core.entryShift, core.blockMask + 1);
  if (done) core.moveBlockHint(block);
  return done;
}

/** The tag decides: of all who would free the run, one finds its count there. */
function freeAcrossWords(core: Core, frame: number, count: number): boolean {
  core.beginFlight(flightOf(frame >>> core.chunkShift, 1));
  const won = Atomics.compareExchange(core.tags, core.tagsAt + frame, count, 0) === count;
  if (won) {
    releaseFrames(core, frame, count, true);
    core.moveHint(frame >>> core.entryShift);
  }
  core.endFlight();
  return won;
}
