import { peek, pokeTag, type SharedWords } from './access.ts';
import type { Core } from './core.ts';
import { flightOf } from './layout.ts';
import { claimed, claimedPiece, delegated, delegation, freeEntries, isDelegated, isExtent, isFree, lowest, piece, released, run, startsOfRuns } from './words.ts';

/**
 * Runs shorter than a chunk: inside one word if one has room, else across words of one chunk, else in a chunk broken for it.
 * Frames and chunks are counted from the first chunk here.
 */

export const none = -1;
/** Another worker was faster: look again. */
export const beaten = -2;

/** One CAS; after a conflict it goes on from the value that it found. */
export function claimInWord(core: Core, word: number, count: number): number {
  const { words } = core;
  const at = core.level0 + word;
  let seen = peek(words, at);
  for (;;) {
    const free = freeEntries(seen);
    const starts = count === 1 ? free : startsOfRuns(free, count);
    if (starts === 0) return none;
    const entry = lowest(starts);
    const found = Atomics.compareExchange(words, at, seen, claimed(seen, entry, count));
    if (found === seen) {
      core.hint = word;
      return (word << core.entryShift) + entry;
    }
    seen = found;
  }
}

/**
 * At the place used last, without looking further: from the word of the hint on, which gives its last free entries, over words that are
 * expected to be free as a whole.
 */
export function claimAtHint(core: Core, count: number): number {
  const { hint, entries, entryShift, words } = core;
  const chunk = hint >>> (core.chunkShift - entryShift);
  const taken = ~freeEntries(peek(words, core.level0 + hint)) & core.allFree;
  const entry = 32 - Math.clz32(taken);
  const from = (hint << entryShift) + entry;
  if (entry === entries || from + count > (chunk + 1) << core.chunkShift) return none;
  if (freeEntries(peek(words, core.level0 + ((from + count - 1) >>> entryShift))) === 0) return none;
  return claimAcrossWords(core, from, count);
}

/**
 * The first frame of `count` free ones, now allocated; {@link none} if none were seen, {@link beaten} if what was seen got lost. Chunks that are
 * partly used come first, so that a chunk stays whole as long as others have room; then a broken one that is whole again; then a closed one.
 */
export function allocateSmall(core: Core, count: number): number {
  const { words, chunks, entries, level1 } = core;
  const hinted = Math.max(core.hint, 0) >>> (core.chunkShift - core.entryShift);
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
    if (start === chunk << core.chunkShift && isWhole(core, chunk)) {
      if (whole === none) whole = chunk;
      continue;
    }
    const frame = claimAt(core, start, count);
    if (frame !== none) return frame;
  }
  if (whole !== none) {
    const frame = claimAt(core, whole << core.chunkShift, count);
    return frame === none ? beaten : frame;
  }
  return closed === none ? none : breakForRun(core, closed, count);
}

/** Where in a broken chunk `count` frames were seen free: inside a word if one has room, else across words; or {@link none}. */
function placeIn(core: Core, chunk: number, count: number): number {
  const { words, wordsPerChunk, level0, entryShift, entries, allFree } = core;
  const first = chunk * wordsPerChunk;
  const inWord = count <= core.wordMax;
  let across = none;
  let length = 0;
  for (let word = first; word < first + wordsPerChunk; word++) {
    const free = freeEntries(peek(words, level0 + word));
    if (inWord) {
      const starts = startsOfRuns(free, count);
      if (starts !== 0) return (word << entryShift) + lowest(starts);
    }
    if (across !== none || count === 1) continue;
    // Free entries at the start of this word go on with the run of the words before it.
    const taken = ~free & allFree;
    length += taken === 0 ? entries : lowest(taken);
    if (length >= count) across = ((word << entryShift) + (taken === 0 ? entries : lowest(taken))) - length;
    else if (taken !== 0) length = entries - (32 - Math.clz32(taken));
  }
  return across;
}

function isWhole(core: Core, chunk: number): boolean {
  const first = core.level0 + chunk * core.wordsPerChunk;
  for (let word = first; word < first + core.wordsPerChunk; word++) if (freeEntries(peek(core.words, word)) !== core.allFree) return false;
  return true;
}

/** The run from `start`, or another one in its word if it lies in one; {@link none} or {@link beaten} if it is gone. */
function claimAt(core: Core, start: number, count: number): number {
  const word = start >>> core.entryShift;
  if (count <= core.wordMax && (start & core.entryMask) + count <= core.entries) return claimInWord(core, word, count);
  return claimAcrossWords(core, start, count);
}

function claimAcrossWords(core: Core, from: number, count: number): number {
  core.beginFlight(flightOf(from >>> core.chunkShift, 1));
  const won = claimPieces(core, from, count);
  if (won) {
    pokeTag(core.tags, core.tagsAt + from, count);
    core.hint = from >>> core.entryShift;
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

/**
 * Claims frames word by word, upward, as the start of an allocation or a later part of it. Gives how many it got before it met one that
 * is taken. The frames of a run reach the end of every word but the last.
 */
export function claimFrames(core: Core, from: number, count: number, starts: boolean): number {
  const { words, entries, entryMask, level0, allFree } = core;
  const entry = from & entryMask;
  let done = 0;
  let at = level0 + (from >>> core.entryShift);
  if (starts || entry !== 0) {
    const length = Math.min(entries - entry, count);
    if (!claimPiece(words, at++, run(entry, length), starts)) return 0;
    done = length;
  }
  for (; count - done >= entries; done += entries) if (Atomics.compareExchange(words, at++, allFree, 0) !== allFree) return done;
  return done === count || claimPiece(words, at, run(0, count - done), false) ? count : done;
}

function claimPiece(words: SharedWords, at: number, bits: number, starts: boolean): boolean {
  let seen = peek(words, at);
  for (;;) {
    if ((freeEntries(seen) & bits) !== bits) {
      // The hint may be stale: only what the memory says now decides.
      const now = Atomics.load(words, at);
      if (now === seen || (freeEntries(now) & bits) !== bits) return false;
      seen = now;
    }
    const found = Atomics.compareExchange(words, at, seen, claimedPiece(seen, bits, starts));
    if (found === seen) return true;
    seen = found;
  }
}

/** Gives back frames that were claimed so. To be called in flight. */
export function releaseFrames(core: Core, from: number, count: number, starts: boolean): void {
  const { words, entries, entryMask, level0, allFree } = core;
  const entry = from & entryMask;
  let left = count;
  let at = level0 + (from >>> core.entryShift);
  if (left > 0 && (starts || entry !== 0)) {
    const length = Math.min(entries - entry, left);
    Atomics.xor(words, at++, piece(run(entry, length), starts));
    left -= length;
  }
  for (; left >= entries; left -= entries) Atomics.xor(words, at++, allFree);
  if (left > 0) Atomics.xor(words, at, run(0, left));
}

/** Breaks a closed chunk into frames, with the own run taken already. */
function breakForRun(core: Core, chunk: number, count: number): number {
  core.beginFlight(flightOf(chunk, 1));
  const won = breakChunk(core, chunk, count, true);
  core.endFlight();
  if (!won) return beaten;
  core.hint = chunk * core.wordsPerChunk;
  return chunk << core.chunkShift;
}

/**
 * Turns a closed chunk into a broken one whose first `count` frames are taken: as an allocation of its own, or as the end of a larger
 * one. To be called in flight: between the two steps the chunk's frames are nowhere.
 */
export function breakChunk(core: Core, chunk: number, count: number, own: boolean): boolean {
  const { words, entries, wordsPerChunk, allFree } = core;
  const at = core.level1 + (chunk >>> core.entryShift);
  const entry = chunk & core.entryMask;
  let seen = peek(words, at);
  for (;;) {
    if (!isFree(seen, entry)) return false;
    const found = Atomics.compareExchange(words, at, seen, seen | delegation(entry));
    if (found === seen) break;
    seen = found;
  }
  const from = chunk << core.chunkShift;
  const inOneWord = own && count <= entries;
  if (own && !inOneWord) pokeTag(core.tags, core.tagsAt + from, count);
  for (let index = 0; index < wordsPerChunk; index++) {
    let value = allFree;
    if (index === 0 && inOneWord) value = claimed(allFree, 0, count);
    else if (index * entries < count) value = claimedPiece(allFree, run(0, Math.min(entries, count - index * entries)), own && index === 0);
    Atomics.store(words, core.level0 + chunk * wordsPerChunk + index, value);
  }
  return true;
}

/** Frees exactly one live allocation inside a word, or says false and changes nothing; what it saw may be stale. One CAS. */
export function freeInWord(core: Core, frame: number, count: number): boolean {
  const { words } = core;
  const word = frame >>> core.entryShift;
  const entry = frame & core.entryMask;
  const at = core.level0 + word;
  let seen = peek(words, at);
  while (isExtent(seen, entry, count, core.entries)) {
    core.turnSeq();
    const found = Atomics.compareExchange(words, at, seen, released(seen, entry, count));
    core.turnSeq();
    if (found === seen) {
      core.hint = word;
      return true;
    }
    seen = found;
  }
  return false;
}

/** Frees exactly one live allocation of less than a chunk, or says false and changes nothing: what the memory says now decides. */
export function freeSmall(core: Core, frame: number, count: number): boolean {
  const at = core.level0 + (frame >>> core.entryShift);
  const entry = frame & core.entryMask;
  if (count > 1 && isDelegated(peek(core.words, at), entry) && freeAcrossWords(core, frame, count)) return true;
  for (;;) {
    const now = Atomics.load(core.words, at);
    if (isDelegated(now, entry)) return count > 1 && freeAcrossWords(core, frame, count);
    if (!isExtent(now, entry, count, core.entries)) return false;
    if (freeInWord(core, frame, count)) return true;
  }
}

/** The tag decides: of all who would free the run, one finds its count there. */
function freeAcrossWords(core: Core, frame: number, count: number): boolean {
  core.beginFlight(flightOf(frame >>> core.chunkShift, 1));
  const won = Atomics.compareExchange(core.tags, core.tagsAt + frame, count, 0) === count;
  if (won) {
    releaseFrames(core, frame, count, true);
    core.hint = frame >>> core.entryShift;
  }
  core.endFlight();
  return won;
}
