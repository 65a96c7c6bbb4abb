import { defineSubject, type Geometry, type Handle } from 'frameproof';

/** Frames of a word, in its low bits; above them the word counts what was released into it. */
const framesPerWord = 2;
const frameMask = (1 << framesPerWord) - 1;
const oneRelease = 1 << framesPerWord;

interface Table {
  readonly memory: SharedArrayBuffer;
  readonly range: readonly [first: number, end: number];
  readonly holes?: readonly number[];
}

type Place = readonly [word: number, bit: number];
interface Claim {
  readonly bit?: number;
  /** The word as it was last seen. */
  readonly seen: number;
}

const locate = (frame: number, [first, end]: Table['range']): Place | [] => {
  const at = frame - first;
  return at >= 0 && frame < end ? [Math.floor(at / framesPerWord), at % framesPerWord] : [];
};

const lowest = (bits: number): { bit: number; mask: number } => {
  const mask = bits & -bits;
  return { bit: 31 - Math.clz32(mask), mask };
};

function tryClaim(words: Int32Array, word: number, last?: number): Claim & { readonly next?: number } {
  const seen = last ?? Atomics.load(words, word);
  const free = seen & frameMask;
  if (free === 0) return { seen };
  const { bit, mask } = lowest(free);
  const found = Atomics.compareExchange(words, word, seen, seen & ~mask);
  return found === seen ? { bit, seen } : { seen: found, next: found };
}

/** A frame of the word, or the word without one. */
function claim(words: Int32Array, word: number): Claim {
  let { bit, seen, next } = tryClaim(words, word);
  while (bit === undefined && next !== undefined) ({ bit, seen, next } = tryClaim(words, word, next));
  return bit === undefined ? { seen } : { bit, seen };
}

/** Each worker looks from a word of its own on. */
const orders = (words: number, worker: number): readonly number[] => {
  const all = Array.from({ length: words }, (_, word) => word);
  return [...all.slice(worker % words), ...all.slice(0, worker % words)];
};

/** Two looks at every word that show the same, releases counted, are one instant: at the end of the first nothing was free. */
function search(words: Int32Array, { range: [first] }: Table, order: readonly number[]): number {
  let before: readonly number[] | undefined;
  for (;;) {
    const look = new Map<number, number>();
    for (const word of order) {
      const { bit, seen } = claim(words, word);
      if (bit !== undefined) return first + word * framesPerWord + bit;
      look.set(word, seen);
    }
    const now = [...look.values()];
    if (before?.every((seen, at) => seen === now[at])) return -1;
    before = now;
  }
}

function release(words: Int32Array, ...[word, bit]: Place): number {
  const mask = 1 << bit;
  let seen = Atomics.load(words, word);
  let found: number;
  while ((seen & mask) === 0) {
    [seen, found] = [Atomics.compareExchange(words, word, seen, (seen | mask) + oneRelease), seen];
    if (seen === found) return 0;
  }
  return -4;
}

function attach(table: Table, worker: number): Handle {
  const words = new Int32Array(table.memory);
  const order = orders(words.length, worker);
  const { range, holes = [] } = table;
  const missing = new Set(holes);
  return {
    allocate: (count = 1) => (count === 1 ? search(words, table, order) : -2),
    free: (frame, count = 1) => {
      const [word, bit] = locate(frame, range);
      if (count !== 1 || word === undefined || bit === undefined) return -3;
      return missing.has(frame) ? -6 : release(words, word, bit);
    },
  };
}

function create({ frames, firstFrame, reserved }: Geometry): Table {
  const range = [firstFrame, firstFrame + frames] as const;
  const holes = reserved.flatMap(({ start, count }) => Array.from({ length: count }, (_, at) => start + at));
  const memory = new SharedArrayBuffer(4 * Math.ceil(frames / framesPerWord));
  const words = new Int32Array(memory);
  for (let frame = firstFrame; frame < firstFrame + frames; frame++) {
    const [word = 0, bit = 0] = locate(frame, range);
    if (!holes.includes(frame)) words[word] = (words[word] ?? 0) | (1 << bit);
  }
  return { memory, range, ...(holes.length > 0 && { holes }) };
}

export default defineSubject({ name: 'tuples', create, attach });
