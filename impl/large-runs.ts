import { peek, poke } from './access.ts';
import type { Core } from './core.ts';
import { beaten, claimEntries, freeRun, none } from './entries.ts';
import { flightOf } from './layout.ts';
import { blockWord, breakChunk, claimFrames, closeChunk, freeFrames, releaseFrames } from './pieces.ts';
import { delegation, isDelegated, isExtent, isFree, lowest, run, whole } from './words.ts';

/**
 * Runs of a chunk and more: whole chunks, then the first frames of one more chunk if the count is no multiple. Chunks that are closed and
 * lie in one word take one CAS. Otherwise broken chunks whose frames are all free are merged on the way.
 */

export function allocateLarge(core: Core, count: number): number {
  const chunks = count >>> core.chunkShift;
  const rest = count & (core.chunkFrames - 1);
  if (rest === 0 && chunks <= core.entries) {
    const wordCount = (core.chunks + core.entryMask) >>> core.entryShift;
    for (let word = 0; word < wordCount; word++) {
      const closed = claimClosed(core, word, chunks);
      if (closed !== none) return closed << core.chunkShift;
    }
  }
  const chunk = findRun(core, chunks, rest);
  if (chunk === none) return none;
  core.beginFlight(flightOf(chunk, rest === 0 ? chunks : chunks + 1));
  const won = claimRun(core, chunk, chunks, rest);
  if (won) poke(core.words, core.chunkTagsAt + chunk, count);
  core.endFlight();
  return won ? chunk << core.chunkShift : beaten;
}

/** Closed chunks that lie in a word of level 1: the first chunk, now allocated, or {@link none}. */
export function claimClosed(core: Core, word: number, chunks: number): number {
  const entry = claimEntries(core.words, core.level1 + word, chunks);
  if (entry === none) return none;
  core.moveChunkHint(word);
  return (word << core.entryShift) + entry;
}

/** The first chunk of a run that was seen free, or {@link none}. */
function findRun(core: Core, chunks: number, rest: number): number {
  const { level1, chunkFrames } = core;
  let length = 0;
  let parents = 0;
  for (let chunk = 0; chunk < core.chunks; chunk++) {
    if ((chunk & core.entryMask) === 0) parents = peek(core.words, level1 + (chunk >>> core.entryShift));
    const free = leadingFree(core, chunk, parents);
    if (length >= chunks && free >= rest) return chunk - chunks;
    length = free === chunkFrames ? length + 1 : 0;
    if (rest === 0 && length === chunks) return chunk + 1 - chunks;
  }
  return none;
}

/** Free frames that a chunk was seen to begin with. */
function leadingFree(core: Core, chunk: number, parents: number): number {
  const { entryShift, wordsPerChunk, chunkFrames, allFree } = core;
  const entry = chunk & core.entryMask;
  if (isFree(parents, entry)) return chunkFrames;
  if (!isDelegated(parents, entry)) return 0;
  for (let index = 0; index < wordsPerChunk; index++) {
    const word = chunk * wordsPerChunk + index;
    const taken = ~freeFrames(core, blockWord(core, word), word) & allFree;
    if (taken !== 0) return (index << entryShift) + lowest(taken);
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
  const at = core.level1 + (chunk >>> core.entryShift);
  const entry = chunk & core.entryMask;
  let seen = Atomics.load(words, at);
  while (isFree(seen, entry)) {
    const found = Atomics.compareExchange(words, at, seen, starts ? seen | delegation(entry) : seen & ~(1 << entry));
    if (found === seen) return true;
    seen = found;
  }
  if (!isDelegated(seen, entry) || !closeChunk(core, chunk)) return false;
  if (!starts) Atomics.and(words, at, ~whole(entry));
  return true;
}

/** Takes the first frames of the chunk after the whole ones. */
function claimHead(core: Core, chunk: number, rest: number): boolean {
  if (breakChunk(core, chunk, rest, false)) return true;
  const from = chunk << core.chunkShift;
  const taken = claimFrames(core, from, rest, false);
  if (taken === rest) return true;
  releaseFrames(core, from, taken, false);
  return false;
}

/** Whole chunks of a run, from its first, become closed and free, a word at a time. To be called in flight. */
function releaseChunks(core: Core, first: number, chunks: number): void {
  const { level1, entries, entryShift, entryMask } = core;
  const end = first + chunks;
  for (let chunk = first; chunk < end; ) {
    const word = chunk >>> entryShift;
    const next = Math.min(end, (word + 1) * entries);
    const bits = run(chunk & entryMask, next - chunk);
    // The first is delegated and loses its high bit, the others are cont and gain their low one.
    Atomics.xor(core.words, level1 + word, chunk === first ? (bits & (bits - 1)) | delegation(chunk & entryMask) : bits);
    chunk = next;
  }
}

/** Frees exactly one live allocation of whole chunks inside a word, or says false and changes nothing; what it saw may be stale. One CAS. */
export function freeClosed(core: Core, frame: number, count: number): boolean {
  const chunk = frame >>> core.chunkShift;
  const word = chunk >>> core.entryShift;
  if (((frame | count) & (core.chunkFrames - 1)) !== 0 || !freeRun(core, core.level1 + word, chunk & core.entryMask, count >>> core.chunkShift, core.entries)) return false;
  core.moveChunkHint(word);
  return true;
}

/** Frees exactly one live allocation of a chunk or more, or says false and changes nothing: what the memory says now decides. */
export function freeLarge(core: Core, frame: number, count: number): boolean {
  const chunk = frame >>> core.chunkShift;
  const chunks = count >>> core.chunkShift;
  const entry = chunk & core.entryMask;
  const rest = count & (core.chunkFrames - 1);
  if ((frame & (core.chunkFrames - 1)) !== 0) return false;
  for (;;) {
    const now = Atomics.load(core.words, core.level1 + (chunk >>> core.entryShift));
    if (isDelegated(now, entry)) return freeOver(core, chunk, chunks, count);
    if (rest !== 0 || !isExtent(now, entry, chunks, core.entries)) return false;
    if (freeClosed(core, frame, count)) return true;
  }
}

/** The tag decides, as in a chunk. */
function freeOver(core: Core, chunk: number, chunks: number, count: number): boolean {
  const rest = count & (core.chunkFrames - 1);
  core.beginFlight(flightOf(chunk, rest === 0 ? chunks : chunks + 1));
  const won = Atomics.compareExchange(core.words, core.chunkTagsAt + chunk, count, 0) === count;
  if (won) {
    releaseChunks(core, chunk, chunks);
    releaseFrames(core, (chunk + chunks) << core.chunkShift, rest, false);
  }
  core.endFlight();
  return won;
}
