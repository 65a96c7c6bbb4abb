import { allFrames, startShift } from './constants.js';

/** `count` ones from bit `at` on. */
export const run = (at: bigint, count: bigint): bigint => ((1n << count) - 1n) << at;
export const startBit = (at: bigint): bigint => 1n << (startShift + at);

export const freeFrames = (word: bigint): bigint => word & allFrames;
export const isFree = (word: bigint, at: bigint, count: bigint): boolean => (freeFrames(word) & run(at, count)) === run(at, count);
export const startsAt = (word: bigint, at: bigint): boolean => (word & startBit(at)) !== 0n;

export const taken = (word: bigint, at: bigint, count: bigint): bigint => (word & ~run(at, count)) | startBit(at);
export const given = (word: bigint, at: bigint, count: bigint): bigint => (word & ~startBit(at)) | run(at, count);

/** How many frames the allocation that starts at `at` has: up to the next that is free, starts another, or is no frame to give. */
export function extent(word: bigint, at: bigint, available: bigint): bigint {
  let end = at + 1n;
  while ((available & (1n << end)) !== 0n && !isFree(word, end, 1n) && !startsAt(word, end)) end++;
  return end - at;
}

export default { run, extent };
