import { peek, pokeTag, type SharedWords } from './access.ts';
import type { Core } from './core.ts';
import { claimed, claimedPiece, delegated, delegation, freeEntries, isDelegated, isFree, lowest, piece, run } from './words.ts';

/**
 * What leaves one word is taken and given back piece by piece, each a part of one word of level 0; and levels are broken and closed here. All
 * of it is done in flight: in between frames are in no word, or in one whose claim may still be given back.
 */

/**
 * Claims frames piece by piece, upward, as the start of an allocation or a later part of it. Gives how many it got before it met one that
 * is taken. The frames of a run reach the end of every word but the last.
 */
export function claimFrames(core: Core, from: number, count: number, starts: boolean): number {
  const { entries, entryShift, entryMask } = core;
  let done = 0;
  while (done < count) {
    const word = (from + done) >>> entryShift;
    const entry = (from + done) & entryMask;
    const length = Math.min(entries - entry, count - done);
    const piece = starts && done === 0;
    const blocks = length === entries && !piece ? claimClosedBlocks(core, word, (count - done) >>> entryShift) : 0;
    if (blocks === 0 && !claimPiece(core, word, run(entry, length), piece)) return done;
    done += Math.max(blocks << entryShift, length);
  }
  return done;
}

/** Blocks from one on that are closed, in one word: how many were taken, at most `most`. */
function claimClosedBlocks(core: Core, word: number, most: number): number {
  const at = core.blocks + (word >>> core.blockShift);
  const entry = word & core.blockMask;
  let seen = peek(core.words, at);
  for (;;) {
    const blocks = Math.min(most, lowest(~(freeEntries(seen) >>> entry)));
    if (blocks === 0) return 0;
    const found = Atomics.compareExchange(core.words, at, seen, seen & ~run(entry, blocks));
    if (found === seen) return blocks;
    seen = found;
  }
}

/** Takes frames of a broken block, or breaks a closed one for them. */
function claimPiece(core: Core, word: number, bits: number, starts: boolean): boolean {
  const { words, allFree } = core;
  const at = core.blocks + (word >>> core.blockShift);
  const entry = word & core.blockMask;
  if (isDelegated(peek(words, at), entry)) return claimBits(words, core.level0 + word, bits, starts);
  if (openEntry(words, at, entry)) {
    Atomics.store(words, core.level0 + word, claimedPiece(allFree, bits, starts));
    return true;
  }
  return isDelegated(Atomics.load(words, at), entry) && claimBits(words, core.level0 + word, bits, starts);
}

function claimBits(words: SharedWords, at: number, bits: number, starts: boolean): boolean {
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

/**
 * Gives back frames that were claimed so, blocks that were taken closed as closed ones. A glance at a block's entry is exact here: it does not
 * change as long as frames of it are held.
 */
export function releaseFrames(core: Core, from: number, count: number, starts: boolean): void {
  const { words, entries, entryShift, entryMask, blockShift, blockMask } = core;
  for (let done = 0; done < count; ) {
    const word = (from + done) >>> entryShift;
    const entry = (from + done) & entryMask;
    const at = core.blocks + (word >>> blockShift);
    const block = word & blockMask;
    const broken = delegated(peek(words, at)) >>> block;
    if ((broken & 1) !== 0) {
      const length = Math.min(entries - entry, count - done);
      Atomics.xor(words, core.level0 + word, piece(run(entry, length), starts && done === 0));
      done += length;
    } else {
      const blocks = Math.min((count - done) >>> entryShift, blockMask + 1 - block, broken === 0 ? entries : lowest(broken));
      Atomics.xor(words, at, run(block, blocks));
      done += blocks << entryShift;
    }
  }
}

/** Turns a closed block into a broken one whose first `count` frames are an allocation. */
export function breakBlock(core: Core, word: number, count: number): boolean {
  const won = openEntry(core.words, core.blocks + (word >>> core.blockShift), word & core.blockMask);
  if (won) Atomics.store(core.words, core.level0 + word, claimed(core.allFree, 0, count));
  return won;
}

/**
 * Turns a closed chunk into a broken one whose first `count` frames are taken: as an allocation of its own, or as the end of a larger
 * one. Blocks behind them stay closed.
 */
export function breakChunk(core: Core, chunk: number, count: number, own: boolean): boolean {
  const { words, entries, wordsPerChunk, allFree, blockMask, blockShift } = core;
  if (!openEntry(words, core.level1 + (chunk >>> core.entryShift), chunk & core.entryMask)) return false;
  const first = chunk * wordsPerChunk;
  const inBlocks = own && core.isBlocks(count);
  const inWord = own && !inBlocks && count <= entries;
  if (own && !inWord && !inBlocks) pokeTag(core.tags, core.tagsAt + (chunk << core.chunkShift), count);
  let value = core.allBlocks;
  for (let index = 0; index < wordsPerChunk; index++) {
    const length = Math.min(entries, count - index * entries);
    const entry = index & blockMask;
    if (inBlocks) value = index === 0 ? claimed(value, 0, count >>> core.entryShift) : value;
    else if (length === entries && !(own && index === 0)) value &= ~(1 << entry);
    else if (length > 0) {
      value |= delegation(entry);
      Atomics.store(words, core.level0 + first + index, inWord ? claimed(allFree, 0, count) : claimedPiece(allFree, run(0, length), own && index === 0));
    }
    if (entry !== blockMask) continue;
    Atomics.store(words, core.blocks + ((first + index) >>> blockShift), value);
    value = core.allBlocks;
  }
  return true;
}

/** A free entry becomes delegated: what it stands for is now in the words of the level below, to be stored there by the caller. */
function openEntry(words: SharedWords, at: number, entry: number): boolean {
  let seen = peek(words, at);
  for (;;) {
    if (!isFree(seen, entry)) return false;
    const found = Atomics.compareExchange(words, at, seen, seen | delegation(entry));
    if (found === seen) return true;
    seen = found;
  }
}

/** Closes the words of both levels of a broken chunk whose frames are all free; the chunk is then the caller's. */
export function closeChunk(core: Core, chunk: number): boolean {
  const { words, blockShift } = core;
  const first = (chunk * core.wordsPerChunk) >>> blockShift;
  const end = ((chunk + 1) * core.wordsPerChunk) >>> blockShift;
  for (let word = first; word < end; word++) {
    if (closeBlocks(core, word)) continue;
    // Of a word of blocks that is closed the words below are, too: it opens as closed blocks.
    for (let back = word - 1; back >= first; back--) Atomics.store(words, core.blocks + back, core.allBlocks);
    return false;
  }
  return true;
}

/** Takes a word of blocks of which each is closed and free, or broken and free as a whole. */
function closeBlocks(core: Core, word: number): boolean {
  const { words, allFree, allBlocks, blockMask } = core;
  const at = core.blocks + word;
  const below = core.level0 + (word << core.blockShift);
  let closed = 0;
  let seen = Atomics.load(words, at);
  while ((freeEntries(seen) | delegated(seen)) === allBlocks) {
    let entry = 0;
    for (; entry <= blockMask; entry++) {
      if (!isDelegated(seen, entry) || (closed & (1 << entry)) !== 0) continue;
      if (Atomics.compareExchange(words, below + entry, allFree, 0) !== allFree) break;
      closed |= 1 << entry;
    }
    if (entry <= blockMask) break;
    const found = Atomics.compareExchange(words, at, seen, 0);
    if (found === seen) return true;
    seen = found;
  }
  for (let entry = 0; entry <= blockMask; entry++) if ((closed & (1 << entry)) !== 0) Atomics.store(words, below + entry, allFree);
  return false;
}

/** Free entries of a word of level 0, as it was seen; `parents`: the word of its block. */
export function freeFrames(core: Core, parents: number, word: number): number {
  const entry = word & core.blockMask;
  if (isFree(parents, entry)) return core.allFree;
  return isDelegated(parents, entry) ? freeEntries(peek(core.words, core.level0 + word)) : 0;
}

/** The word of a block, as it was seen. */
export const blockWord = (core: Core, word: number): number => peek(core.words, core.blocks + (word >>> core.blockShift));
