/**
 * Plain accesses to shared memory, by meaning. This is the only place with a raw index on a shared view: everywhere else shared words are
 * touched through `Atomics` or one of these, so that a reader, a race detector and the explorer know what an access is meant to be.
 */

/** Elements of memory that several workers see. */
export type SharedWords = Int32Array<SharedArrayBuffer>;
export type SharedTags = Int16Array<SharedArrayBuffer>;

/** A racy hint: may be stale, and no decision rests on it alone. */
export function peek(view: SharedWords, index: number): number {
  return view[index] as number;
}

/** The owner's racy publication of a word that only it writes. */
export function poke(view: SharedWords, index: number, value: number): void {
  view[index] = value;
}

/** The same for a tag: a function of its own, since one that saw both kinds of view would be slower for both. */
export function pokeTag(view: SharedTags, index: number, value: number): void {
  view[index] = value;
}

/** A word that one worker alone reads and writes. */
export function ownRead(view: SharedWords, index: number): number {
  return view[index] as number;
}

export function ownWrite(view: SharedWords, index: number, value: number): void {
  view[index] = value;
}

/** Not there before Node 26. */
const hardwarePause = (Atomics as { pause?: () => void }).pause;

/** Marks one iteration of a wait: nothing happens here until a word that was read has changed. */
export function pause(): void {
  hardwarePause?.();
}
