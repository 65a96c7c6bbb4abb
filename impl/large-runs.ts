import { peek } from './access.ts';
import type { Core } from './core.ts';
import { flightOf } from './layout.ts';
import { beaten, bitsIn, breakChunk, claimPiece, none, releasePiece } from './small-runs.ts';
import { claimed, delegation, freeEntries, isDelegated, isExtent, isFirst, isFree, lowest, released, run, startsOfRuns, whole } from './words.ts';

/**
 * Runs of a chunk and more: whole chunks, then the first frames of one more chunk if the count is no multiple. Chunks that are closed and
 * lie in one word take one CAS. Otherwise broken chunks whose frames are all free are merged on the way.
 */

export function allocateLarge(core: Core, count: number): number {
  const { chunkFrames, entries } = core.shared;
  const chunks = Math.floor(count / chunkFrames);
  const rest = count % chunkFrames;
  if (rest === 0 && chunks <= entries) {
    const chunk = claimClosed(core, chunks);
    if (chunk >= 0) return chunk * chunkFrames;
  }
  const chunk = findRun(core, chunks, rest);
  if (chunk === none) return none;
  core.beginFlight(flightOf(chunk, rest === 0 ? chunks : chunks + 1));
  const won = claimRun(core, chunk, chunks, rest);
  if (won) Atomics.store(core.words, core.shared.chunkTags + chunk, count);
  core.endFlight();
  return won ? chunk * chunkFrames : beaten;
}

function claimClosed(core: Core, chunks: number): number {
  const { words } = core;
  const { level1, entries } = core.shared;
  const wordCount = Math.ceil(core.shared.chunks / entries);
  for (let word = 0; word < wordCount; word++) {
    let seen = peek(words, level1 + word);
    for (;;) {
      const starts = startsOfRuns(freeEntries(seen), chunks);
      if (starts === 0) break;
      const entry = lowest(starts);
      const found = Atomics.compareExchange(words, level1 + word, seen, claimed(seen, entry, chunks));
      if (found === seen) return word * entries + entry;
      seen = found;
    }
  }
  return none;
}

/** The first chunk of a run that was seen free, or {@link none}. */
function findRun(core: Core, chunks: number, rest: number): number {
  const { entries, level1, chunkFrames } = core.shared;
  let length = 0;
  let parents = 0;
  for (let chunk = 0; chunk < core.shared.chunks; chunk++) {
    if (chunk % entries === 0) parents = peek(core.words, level1 + chunk / entries);
    const free = leadingFree(core, chunk, parents);
    if (length >= chunks && free >= rest) return chunk - chunks;
    length = free === chunkFrames ? length + 1 : 0;
    if (rest === 0 && length === chunks) return chunk + 1 - chunks;
  }
  return none;
}

/** Free frames that a chunk was seen to begin with. */
function leadingFree(core: Core, chunk: number, parents: number): number {
  const { level0, entries, wordsPerChunk, chunkFrames } = core.shared;
  if (isFree(parents, chunk % entries)) return chunkFrames;
  if (!isDelegated(parents, chunk % entries)) return 0;
  for (let index = 0; index < wordsPerChunk; index++) {
    const taken = ~freeEntries(peek(core.words, level0 + chunk * wordsPerChunk + index)) & run(0, entries);
    if (taken !== 0) return index * entries + lowest(taken);
  }
  return chunkFrames;
}

/** Claims chunk by chunk, upward; gives back what it had when it meets a frame that is taken. */
function claimRun(core: Core, first: number, chunks: number, rest: number): boolean {
  for (let chunk = first; chunk < first + chunks; chunk++) {
    if (claimChunk(core, chunk, chunk === first)) continue;
    releaseChunks(core, first, chunk - first);
    return false;
  }
  if (rest === 0 || claimHead(core, first + chunks, rest)) return true;
  releaseChunks(core, first, chunks);
  return false;
}

/** Takes a whole chunk: closed as it is, or broken and all free, whose words it closes first. The first of a run stays delegated. */
function claimChunk(core: Core, chunk: number, starts: boolean): boolean {
  const { words } = core;
  const { level1, entries } = core.shared;
  const at = level1 + Math.floor(chunk / entries);
  const entry = chunk % entries;
  let seen = Atomics.load(words, at);
  while (isFree(seen, entry)) {
    const found = Atomics.compareExchange(words, at, seen, starts ? seen | delegation(entry) : seen & ~(1 << entry));
    if (found === seen) return true;
    seen = found;
  }
  if (!isDelegated(seen, entry) || !closeWords(core, chunk)) return false;
  if (!starts) Atomics.and(words, at, ~whole(entry));
  return true;
}

/** Closes the words of a broken chunk whose frames are all free; the chunk is then the caller's. */
function closeWords(core: Core, chunk: number): boolean {
  const { level0, entries, wordsPerChunk } = core.shared;
  const allFree = run(0, entries);
  for (let index = 0; index < wordsPerChunk; index++) {
    const word = level0 + chunk * wordsPerChunk + index;
    if (Atomics.compareExchange(core.words, word, allFree, 0) === allFree) continue;
    for (let back = index - 1; back >= 0; back--) {
      core.beginRelease();
      Atomics.store(core.words, level0 + chunk * wordsPerChunk + back, allFree);
      core.endRelease();
    }
    return false;
  }
  return true;
}

/** Takes the first frames of the chunk after the whole ones. */
function claimHead(core: Core, chunk: number, rest: number): boolean {
  const { entries, chunkFrames } = core.shared;
  if (breakChunk(core, chunk, rest, false)) return true;
  const from = chunk * chunkFrames;
  const firstWord = Math.floor(from / entries);
  for (let word = firstWord; word * entries < from + rest; word++) {
    if (claimPiece(core, word, bitsIn(word, from, rest, entries), false)) continue;
    for (let back = word - 1; back >= firstWord; back--) releasePiece(core, back, bitsIn(back, from, rest, entries), false);
    return false;
  }
  return true;
}

/** Whole chunks of a run, from its first, become closed and free, a word at a time. */
function releaseChunks(core: Core, first: number, chunks: number): void {
  const { level1, entries } = core.shared;
  const end = first + chunks;
  for (let chunk = first; chunk < end; ) {
    const word = Math.floor(chunk / entries);
    const next = Math.min(end, (word + 1) * entries);
    const bits = run(chunk % entries, next - chunk);
    core.beginRelease();
    // The first is delegated and loses its high bit, the others are cont and gain their low one.
    Atomics.xor(core.words, level1 + word, chunk === first ? (bits & (bits - 1)) | delegation(chunk % entries) : bits);
    core.endRelease();
    chunk = next;
  }
}

/** Frees exactly one live allocation of a chunk or more, or says false and changes nothing. */
export function freeLarge(core: Core, frame: number, count: number): boolean {
  const { words } = core;
  const { level1, entries, chunkFrames } = core.shared;
  if (frame % chunkFrames !== 0) return false;
  const chunk = frame / chunkFrames;
  const entry = chunk % entries;
  const chunks = Math.floor(count / chunkFrames);
  const at = level1 + Math.floor(chunk / entries);
  let seen = Atomics.load(words, at);
  while (isFirst(seen, entry)) {
    if (count % chunkFrames !== 0 || !isExtent(seen, entry, chunks, entries)) return false;
    core.beginRelease();
    const found = Atomics.compareExchange(words, at, seen, released(seen, entry, chunks));
    core.endRelease();
    if (found === seen) return true;
    seen = found;
  }
  return isDelegated(seen, entry) && freeRun(core, chunk, chunks, count);
}

/** The tag decides, as in a chunk. */
function freeRun(core: Core, chunk: number, chunks: number, count: number): boolean {
  const { chunkTags, chunkFrames, entries } = core.shared;
  const rest = count % chunkFrames;
  core.beginFlight(flightOf(chunk, rest === 0 ? chunks : chunks + 1));
  const won = Atomics.compareExchange(core.words, chunkTags + chunk, count, 0) === count;
  if (won) {
    releaseChunks(core, chunk, chunks);
    const from = (chunk + chunks) * chunkFrames;
    for (let word = Math.floor(from / entries); rest > 0 && word * entries < from + rest; word++) {
      releasePiece(core, word, bitsIn(word, from, rest, entries), false);
    }
  }
  core.endFlight();
  return won;
}
