import { peek } from './access.ts';
import type { Core } from './core.ts';
import { flightOf } from './layout.ts';
import { claimed, claimedPiece, delegation, freeEntries, isDelegated, isExtent, isFirst, isFree, lowest, piece, released, run, startsOfRuns } from './words.ts';

/**
 * Runs shorter than a chunk: inside one word if one has room, else across words of one chunk, else in a chunk broken for it.
 * Frames and chunks are counted from the first chunk here.
 */

export const none = -1;
/** Another worker was faster: look again. */
export const beaten = -2;

/** The first frame of `count` free ones, now allocated; {@link none} if none were seen, {@link beaten} if what was seen got lost. */
export function allocateSmall(core: Core, count: number): number {
  const { entries, chunks, wordsPerChunk, level1 } = core.shared;
  const fitsWord = count <= entries;
  if (fitsWord) {
    const frame = claimInWord(core, core.hint, count);
    if (frame >= 0) return frame;
  }
  const hinted = Math.floor(core.hint / wordsPerChunk);
  let closed = none;
  let parents = 0;
  // From the chunk of the hint on and round: broken chunks first, and the first closed one in case none has room.
  for (let step = 0; step < chunks; step++) {
    const chunk = hinted + step < chunks ? hinted + step : hinted + step - chunks;
    const entry = chunk % entries;
    if (step === 0 || entry === 0) parents = peek(core.words, level1 + Math.floor(chunk / entries));
    if (closed === none && isFree(parents, entry)) closed = chunk;
    if (!fitsWord || !isDelegated(parents, entry)) continue;
    const frame = claimInChunk(core, chunk, count);
    if (frame >= 0) return frame;
  }
  if (count > 1 && wordsPerChunk > 1) {
    const across = claimAcrossWords(core, count);
    if (across !== none) return across;
  }
  return closed === none ? none : breakForRun(core, closed, count);
}

/** In some word of a broken chunk but the hinted one, which was tried. */
function claimInChunk(core: Core, chunk: number, count: number): number {
  const { wordsPerChunk } = core.shared;
  for (let word = chunk * wordsPerChunk; word < (chunk + 1) * wordsPerChunk; word++) {
    if (word === core.hint) continue;
    const frame = claimInWord(core, word, count);
    if (frame >= 0) return frame;
  }
  return none;
}

/** One CAS; after a conflict it goes on from the value that it found. */
function claimInWord(core: Core, word: number, count: number): number {
  const { words } = core;
  const { level0, entries } = core.shared;
  const at = level0 + word;
  let seen = peek(words, at);
  for (;;) {
    const starts = startsOfRuns(freeEntries(seen), count);
    if (starts === 0) return none;
    const entry = lowest(starts);
    const found = Atomics.compareExchange(words, at, seen, claimed(seen, entry, count));
    if (found === seen) {
      core.hint = word;
      return word * entries + entry;
    }
    seen = found;
  }
}

function claimAcrossWords(core: Core, count: number): number {
  const { chunks, chunkFrames, entries, level1 } = core.shared;
  let parents = 0;
  for (let chunk = 0; chunk < chunks; chunk++) {
    if (chunk % entries === 0) parents = peek(core.words, level1 + chunk / entries);
    if (!isDelegated(parents, chunk % entries)) continue;
    const start = runAcrossWords(core, chunk, count);
    if (start === none) continue;
    const from = chunk * chunkFrames + start;
    core.beginFlight(flightOf(chunk, 1));
    const won = claimPieces(core, from, count);
    if (won) Atomics.store(core.tags, core.shared.tags + from, count);
    core.endFlight();
    return won ? from : beaten;
  }
  return none;
}

/** Where in a chunk a run of free frames was seen, or {@link none}. */
function runAcrossWords(core: Core, chunk: number, count: number): number {
  const { level0, wordsPerChunk, entries } = core.shared;
  let length = 0;
  for (let index = 0; index < wordsPerChunk; index++) {
    const free = freeEntries(peek(core.words, level0 + chunk * wordsPerChunk + index));
    for (let entry = 0; entry < entries; entry++) {
      length = (free & (1 << entry)) === 0 ? 0 : length + 1;
      if (length === count) return index * entries + entry + 1 - count;
    }
  }
  return none;
}

/** The entries of frames from … from + count − 1 that lie in a word. */
export function bitsIn(word: number, from: number, count: number, entries: number): number {
  const first = Math.max(from - word * entries, 0);
  const end = Math.min(from + count - word * entries, entries);
  return run(first, end - first);
}

/** Claims word by word, upward; gives back what it had when it meets a frame that is taken. */
function claimPieces(core: Core, from: number, count: number): boolean {
  const { entries } = core.shared;
  const firstWord = Math.floor(from / entries);
  const lastWord = Math.floor((from + count - 1) / entries);
  for (let word = firstWord; word <= lastWord; word++) {
    if (claimPiece(core, word, bitsIn(word, from, count, entries), word === firstWord)) continue;
    for (let back = word - 1; back >= firstWord; back--) releasePiece(core, back, bitsIn(back, from, count, entries), back === firstWord);
    return false;
  }
  return true;
}

export function claimPiece(core: Core, word: number, bits: number, starts: boolean): boolean {
  const at = core.shared.level0 + word;
  let seen = peek(core.words, at);
  for (;;) {
    if ((freeEntries(seen) & bits) !== bits) {
      // The hint may be stale: only what the memory says now decides.
      const now = Atomics.load(core.words, at);
      if (now === seen || (freeEntries(now) & bits) !== bits) return false;
      seen = now;
    }
    const found = Atomics.compareExchange(core.words, at, seen, claimedPiece(seen, bits, starts));
    if (found === seen) return true;
    seen = found;
  }
}

export function releasePiece(core: Core, word: number, bits: number, starts: boolean): void {
  core.beginRelease();
  Atomics.xor(core.words, core.shared.level0 + word, piece(bits, starts));
  core.endRelease();
}

/** Breaks a closed chunk into frames, with the own run taken already. */
function breakForRun(core: Core, chunk: number, count: number): number {
  core.beginFlight(flightOf(chunk, 1));
  const won = breakChunk(core, chunk, count, true);
  core.endFlight();
  if (!won) return beaten;
  core.hint = chunk * core.shared.wordsPerChunk;
  return chunk * core.shared.chunkFrames;
}

/**
 * Turns a closed chunk into a broken one whose first `count` frames are taken: as an allocation of its own, or as the end of a larger
 * one. To be called in flight: between the two steps the chunk's frames are nowhere.
 */
export function breakChunk(core: Core, chunk: number, count: number, own: boolean): boolean {
  const { words, tags } = core;
  const { level1, level0, entries, wordsPerChunk, chunkFrames } = core.shared;
  const at = level1 + Math.floor(chunk / entries);
  const entry = chunk % entries;
  let seen = peek(words, at);
  for (;;) {
    if (!isFree(seen, entry)) return false;
    const found = Atomics.compareExchange(words, at, seen, seen | delegation(entry));
    if (found === seen) break;
    seen = found;
  }
  const from = chunk * chunkFrames;
  const allFree = run(0, entries);
  const inOneWord = own && count <= entries;
  if (own && !inOneWord) Atomics.store(tags, core.shared.tags + from, count);
  for (let index = 0; index < wordsPerChunk; index++) {
    const word = chunk * wordsPerChunk + index;
    let value = allFree;
    if (index === 0 && inOneWord) value = claimed(allFree, 0, count);
    else if (index * entries < count) value = claimedPiece(allFree, bitsIn(word, from, count, entries), own && index === 0);
    core.beginRelease();
    Atomics.store(words, level0 + word, value);
    core.endRelease();
  }
  return true;
}

/** Frees exactly one live allocation of less than a chunk, or says false and changes nothing. */
export function freeSmall(core: Core, frame: number, count: number): boolean {
  const { words } = core;
  const { level0, entries } = core.shared;
  const word = Math.floor(frame / entries);
  const entry = frame % entries;
  const at = level0 + word;
  let seen = Atomics.load(words, at);
  while (isFirst(seen, entry)) {
    if (!isExtent(seen, entry, count, entries)) return false;
    core.beginRelease();
    const found = Atomics.compareExchange(words, at, seen, released(seen, entry, count));
    core.endRelease();
    if (found === seen) {
      core.hint = word;
      return true;
    }
    seen = found;
  }
  return count > 1 && isDelegated(seen, entry) && freeAcrossWords(core, frame, count);
}

/** The tag decides: of all who would free the run, one finds its count there. */
function freeAcrossWords(core: Core, frame: number, count: number): boolean {
  const { entries, chunkFrames, tags } = core.shared;
  core.beginFlight(flightOf(Math.floor(frame / chunkFrames), 1));
  const won = Atomics.compareExchange(core.tags, tags + frame, count, 0) === count;
  if (won) {
    const firstWord = Math.floor(frame / entries);
    for (let word = firstWord; word <= Math.floor((frame + count - 1) / entries); word++) {
      releasePiece(core, word, bitsIn(word, frame, count, entries), word === firstWord);
    }
  }
  core.endFlight();
  return won;
}
