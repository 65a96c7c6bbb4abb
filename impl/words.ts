/**
 * The algebra of entries in a word. A word has up to sixteen entries of two bits: F in the low half, S in the high half.
 *
 *   free F1 S0 · first F0 S1 · cont F0 S0 · delegated F1 S1
 *
 * An allocation inside one word is `first` and then `cont`; the word alone tells its extent. `delegated` means 'look elsewhere': a
 * chunk that is broken into frames, the start of an allocation that leaves its word (its tag tells the count), or a frame that is none.
 * A word without free entries is 0 where nothing starts in it, so nobody can claim from it.
 */

/** A free or delegated entry's low bit, a first or delegated entry's high bit. */
const second = 0x1_0000;
const both = 0x1_0001;

/** The free entries of a word, as bits 0 … 15. */
export const freeEntries = (word: number): number => word & ~(word >>> 16) & 0xffff;

/** The delegated entries of a word, likewise. */
export const delegated = (word: number): number => word & (word >>> 16) & 0xffff;

/** `count` entries from `entry`, as bits. */
export const run = (entry: number, count: number): number => ((1 << count) - 1) << entry;

/** Of a set of bits, those that start `count` set bits in a row. */
export function startsOfRuns(bits: number, count: number): number {
  let starts = bits;
  let have = 1;
  while (have < count && starts !== 0) {
    const step = Math.min(have, count - have);
    starts &= starts >>> step;
    have += step;
  }
  return starts;
}

/** Number of the lowest set bit; −1 for none. */
export const lowest = (bits: number): number => 31 - Math.clz32(bits & -bits);

/** How many of the bits 0 … 15 are set. */
export function ones(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x5555);
  const fours = (pairs & 0x3333) + ((pairs >>> 2) & 0x3333);
  return (((fours + (fours >>> 4)) & 0x0f0f) * 0x0101 >>> 8) & 0xff;
}

/** A word with free entries turned into one allocation. */
export const claimed = (word: number, entry: number, count: number): number => (word & ~run(entry, count)) | (second << entry);

/** A word with an allocation, first to last entry, turned free. */
export const released = (word: number, entry: number, count: number): number => (word & ~(second << entry)) | run(entry, count);

/** Whether exactly `count` entries from `entry` are one allocation inside a word of `entries` entries. */
export function isExtent(word: number, entry: number, count: number, entries: number): boolean {
  const end = entry + count;
  const mask = (1 << count) - 1;
  const from = word >>> entry;
  if (end > entries || (from & mask) !== 0 || ((from >>> 16) & mask) !== 1) return false;
  return end === entries || ((from >>> count) & both) !== 0;
}

export const isFree = (word: number, entry: number): boolean => ((word >>> entry) & both) === 1;
export const isFirst = (word: number, entry: number): boolean => ((word >>> entry) & both) === second;
export const isCont = (word: number, entry: number): boolean => ((word >>> entry) & both) === 0;
export const isDelegated = (word: number, entry: number): boolean => ((word >>> entry) & both) === both;

/** A word with free entries turned into a piece of an allocation that leaves it; the piece starts the allocation if `starts`. */
export const claimedPiece = (word: number, bits: number, starts: boolean): number => (word & ~bits) | (starts ? both * (bits & -bits) : 0);

/** What `Atomics.xor` needs to turn such a piece free again: nobody else changes its entries. */
export const piece = (bits: number, starts: boolean): number => (starts ? (bits & (bits - 1)) | (second * (bits & -bits)) : bits);

/** The high bit of an entry: set in a free one, it makes it delegated; cleared in a delegated one, free. */
export const delegation = (entry: number): number => second << entry;
/** Both bits of an entry. */
export const whole = (entry: number): number => both << entry;
