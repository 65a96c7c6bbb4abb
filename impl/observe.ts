import type { ObservedFrame } from '../spec/contract.ts';
import type { SharedWords } from './access.ts';
import type { HybridShared } from './layout.ts';
import { isDelegated, isFree } from './words.ts';

/** What each managed frame is, read off the words. When nothing runs. */
export function observeHybrid(shared: HybridShared): ObservedFrame[] {
  const { memory, frames, firstFrame, base, chunkFrames, entries, wordsPerChunk, level1, blocks, level0, reserved } = shared;
  const words: SharedWords = new Int32Array(memory);
  const observed: ObservedFrame[] = [];
  for (let frame = firstFrame; frame < firstFrame + frames; frame++) {
    const chunk = Math.floor((frame - base) / chunkFrames);
    const parent = Atomics.load(words, level1 + Math.floor(chunk / entries));
    const entry = (frame - base) % entries;
    const word = Atomics.load(words, level0 + Math.floor((frame - base) / entries));
    const block = Math.floor((frame - base) / entries);
    const blockEntry = block % Math.min(entries, wordsPerChunk);
    const blockWord = Atomics.load(words, blocks + Math.floor(block / Math.min(entries, wordsPerChunk)));
    const inBlock = isFree(blockWord, blockEntry) || (isDelegated(blockWord, blockEntry) && isFree(word, entry));
    const free = isFree(parent, chunk % entries) || (isDelegated(parent, chunk % entries) && inBlock);
    const kept = reserved.some(({ start, count }) => frame >= start && frame < start + count);
    if (free) observed.push('free');
    else observed.push(kept ? 'reserved' : 'allocated');
  }
  return observed;
}

/** Views over the words that are read by `peek` and written by `poke`: the watch, worker lines, both levels, and tags. */
export function hintsOfHybrid({ memory, watch, level1, level0, chunkTags }: HybridShared): ArrayBufferView[] {
  return [
    new Int32Array(memory, watch * 4, level1 - watch), new Int32Array(memory, level1 * 4, level0 - level1), new Int32Array(memory, level0 * 4, chunkTags - level0),
    new Int32Array(memory, chunkTags * 4),
  ];
}
