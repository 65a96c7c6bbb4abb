import * as algebra from './word-algebra.ts';
import { constants, type Change } from './store.ts';

const { errors } = constants;

/** The lowest run that fits. */
export const claim = (frames: number, count: number): Change<-1> => (word) => {
  for (let at = 0n; at + BigInt(count) <= BigInt(frames); at++) {
    if (algebra.isFree(word, at, BigInt(count))) return algebra.taken(word, at, BigInt(count));
  }
  return errors.outOfMemory;
};

export const release = (available: bigint, at: number, count: number): Change<-4 | -5 | -6> => (word) => {
  const start = BigInt(at);
  if ((available & algebra.run(start, BigInt(count))) !== algebra.run(start, BigInt(count))) return errors.reserved;
  if (!algebra.startsAt(word, start)) return errors.notAllocated;
  return algebra.extent(word, start, available) === BigInt(count) ? algebra.given(word, start, BigInt(count)) : errors.sizeMismatch;
};

export { freeFrames as free } from './store.js';
