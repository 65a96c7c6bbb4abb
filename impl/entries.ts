import { peek, type SharedWords } from './access.ts';
import type { Core } from './core.ts';
import { claimed, freeEntries, isExtent, lowest, released, startsOfRuns } from './words.ts';

/** Runs of entries inside one word, of whatever level: one CAS each way. */

export const none = -1;
/** Another worker was faster: look again. */
export const beaten = -2;

/** The first of `count` free entries of a word, now one allocation; or {@link none}. After a conflict it goes on from the value that it found. */
export function claimEntries(words: SharedWords, at: number, count: number): number {
  let seen = peek(words, at);
  for (;;) {
    const free = freeEntries(seen);
    const starts = count === 1 ? free : startsOfRuns(free, count);
    if (starts === 0) return none;
    const entry = lowest(starts);
    const found = Atomics.compareExchange(words, at, seen, claimed(seen, entry, count));
    if (found === seen) return entry;
    seen = found;
  }
}

/**
 * Frees exactly one live allocation of `count` entries from `entry`, or says false and changes nothing; what it saw may be stale. `entries`:
 * how many the word has.
 */
export function freeRun(core: Core, at: number, entry: number, count: number, entries: number): boolean {
  const { words } = core;
  let seen = peek(words, at);
  while (isExtent(seen, entry, count, entries)) {
    core.turnSeq();
    const found = Atomics.compareExchange(words, at, seen, released(seen, entry, count));
    core.turnSeq();
    if (found === seen) return true;
    seen = found;
  }
  return false;
}
