import { defineSubject, type Handle } from 'frameproof';

interface Shared {
  readonly memory: SharedArrayBuffer;
  readonly frames: number;
  readonly firstFrame: number;
}

/** A word says how often frames were released; after it there is one for each frame. */
const releases = 0;
const [free, taken, missing] = [0, 1, 2];

type Answer<T> = { readonly done: true; readonly value: T } | { readonly done: false };
const done = <T>(value: T): Answer<T> => ({ done: true, value });
const again: Answer<never> = { done: false };

/** Tries until an attempt is done. */
const retry = <T>(attempt: () => Answer<T>): T => {
  for (;;) {
    const answer = attempt();
    if (answer.done) return answer.value;
  }
};

/** The first value that is not undefined. */
const first = <T>(length: number, start: number, look: (at: number) => T | undefined): T | undefined => {
  for (let step = 0; step < length; step++) {
    const value = look((start + step) % length);
    if (value !== undefined) return value;
  }
  return undefined;
};

const unless = <Values extends readonly number[]>(isWrong: (...values: Values) => boolean, code: number, then: (...values: Values) => number) => (...values: Values): number =>
  isWrong(...values) ? code : then(...values);

/** Ways to look at and change one memory. */
const cellsOf = ({ memory }: Shared) => {
  const words = new Int32Array(memory);
  return {
    read: (at: number): number => Atomics.load(words, at),
    swap: (at: number, from: number, to: number): boolean => Atomics.compareExchange(words, at, from, to) === from,
    bump: (at: number): number => Atomics.add(words, at, 1),
  };
};

const handleOf = (shared: Shared, worker: number): Handle => {
  const { frames, firstFrame } = shared;
  const { read, swap, bump } = cellsOf(shared);
  const claim = (at: number): number | undefined => (read(1 + at) === free && swap(1 + at, free, taken) ? at : undefined);

  // Frames only ever become free by a release, and a release is counted before its free returns: so if nothing was counted between the
  // first look and the last, then all frames are taken at the end, but for those whose free can still be thought of as later.
  const search = (): Answer<number> => {
    const before = read(releases);
    const found = first(frames, worker, claim);
    if (found !== undefined) return done(firstFrame + found);
    return read(releases) === before ? done(-1) : again;
  };
  const release = (frame: number): number => {
    if (!swap(1 + frame - firstFrame, taken, free)) return -4;
    bump(releases);
    return 0;
  };

  return {
    allocate: unless((count: number) => count !== 1, -2, () => retry(search)),
    free: unless((frame: number, count: number) => count !== 1 || !(frame >= firstFrame && frame < firstFrame + frames), -3, (frame) => release(frame)),
    framesFree: () => {
      const count = (at: number): number => (at === frames ? 0 : (read(1 + at) === free ? 1 : 0) + count(at + 1));
      return count(0);
    },
  };
};

export default defineSubject({
  name: 'closures',
  create: ({ frames, firstFrame, reserved }): Shared => {
    const memory = new SharedArrayBuffer(4 * (1 + frames));
    const words = new Int32Array(memory);
    reserved.forEach(({ start, count }) => words.fill(missing, 1 + start - firstFrame, 1 + start - firstFrame + count));
    return { memory, frames, firstFrame };
  },
  attach: handleOf,
});
