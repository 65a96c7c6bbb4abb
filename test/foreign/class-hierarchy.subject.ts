import { defineSubject, type Geometry, type ObservedFrame } from 'frameproof';

/** Frames of one word: a bit 'free' and a bit 'first of an allocation' each; both at once means that nothing is there. */
const entries = 15;
const allEntries = (1 << entries) - 1;

interface Layout {
  readonly memory: SharedArrayBuffer;
  readonly frames: number;
  readonly firstFrame: number;
}

class Refused extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`refused with ${code}`);
    this.code = code;
  }
}

/** What every allocator does the same way; where and how frames are taken is left to subclasses. */
abstract class Allocator {
  static readonly outOfMemory = -1;
  protected readonly layout: Layout;
  #refusals = 0;

  constructor(layout: Layout) {
    this.layout = layout;
  }

  allocate(count: number): number {
    if (!this.isCount(count)) return -2;
    const at = this.take(count);
    return at < 0 ? Allocator.outOfMemory : this.layout.firstFrame + at;
  }

  free(frame: number, count: number): number {
    try {
      this.give(this.offsetOf(frame, count), count);
      return 0;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#refusals++;
      return error.code;
    }
  }

  get refusals(): number {
    return this.#refusals;
  }

  protected isCount(count: number): boolean {
    return Number.isInteger(count) && count >= 1 && count <= this.layout.frames;
  }

  protected offsetOf(frame: number, count: number): number {
    const at = frame - this.layout.firstFrame;
    if (!this.isCount(count) || at < 0 || at + count > this.layout.frames) throw new Refused(-3);
    return at;
  }

  protected abstract take(count: number): number;
  protected abstract give(at: number, count: number): void;
  abstract framesFree(): number;
}

/** All of the memory in one word, changed by one compareExchange at a time. */
abstract class WordAllocator extends Allocator {
  readonly #words: Int32Array;

  constructor(layout: Layout) {
    super(layout);
    this.#words = new Int32Array(layout.memory);
  }

  /** The word that a change makes of the one it sees; the same word if there is nothing to change. */
  protected abstract claimed(seen: number, count: number): number;
  protected abstract released(seen: number, at: number, count: number): number;

  protected override take(count: number): number {
    const [before, after] = this.#update((seen) => this.claimed(seen, count));
    return before === after ? Allocator.outOfMemory : this.firstOf(before, after);
  }

  protected override give(at: number, count: number): void {
    const [before, after] = this.#update((seen) => this.released(seen, at, count));
    if (before === after) throw new Refused(-5);
  }

  protected firstOf(before: number, after: number): number {
    const changed = (before ^ after) & allEntries;
    return 31 - Math.clz32(changed & -changed);
  }

  override framesFree(): number {
    let left = WordAllocator.freeIn(this.current());
    let count = 0;
    for (; left !== 0; left &= left - 1) count++;
    return count;
  }

  protected current(): number {
    return Atomics.load(this.#words, 0);
  }

  #update(change: (seen: number) => number): readonly [before: number, after: number] {
    let seen = this.current();
    for (;;) {
      const next = change(seen);
      if (next === seen) return [seen, seen];
      const found = Atomics.compareExchange(this.#words, 0, seen, next);
      if (found === seen) return [seen, next];
      seen = found;
    }
  }

  static freeIn(word: number): number {
    return word & ~(word >> entries) & allEntries;
  }
}

class FirstFit extends WordAllocator {
  protected override claimed(seen: number, count: number): number {
    const free = WordAllocator.freeIn(seen);
    const run = (1 << count) - 1;
    for (let at = 0; at + count <= this.layout.frames; at++) {
      const mask = run << at;
      if ((free & mask) === mask) return (seen & ~mask) | (1 << (entries + at));
    }
    return seen;
  }

  protected override released(seen: number, at: number, count: number): number {
    const first = 1 << (entries + at);
    const isFirst = (seen & first) !== 0 && (seen & (1 << at)) === 0;
    return isFirst && this.extent(seen, at) === count ? (seen & ~first) | (((1 << count) - 1) << at) : seen;
  }

  protected extent(seen: number, at: number): number {
    let end = at + 1;
    while (end < this.layout.frames && (seen & ((1 << end) | (1 << (entries + end)))) === 0) end++;
    return end - at;
  }
}

/** The highest run first, and a way to look at every frame. */
class LastFit extends FirstFit {
  protected override claimed(seen: number, count: number): number {
    const free = WordAllocator.freeIn(seen);
    if (count === 1) return free === 0 ? seen : this.#single(seen, 31 - Math.clz32(free));
    return super.claimed(seen, count);
  }

  #single = (seen: number, at: number): number => (seen & ~(1 << at)) | (1 << (entries + at));

  observe(): ObservedFrame[] {
    const word = this.current();
    const state = (at: number): ObservedFrame => {
      switch (((word >> at) & 1) | (((word >> (entries + at)) & 1) << 1)) {
        case 1:
          return 'free';
        case 3:
          return 'reserved';
        default:
          return 'allocated';
      }
    };
    return Array.from({ length: this.layout.frames }, (_, at) => state(at));
  }
}

function create({ frames, firstFrame, reserved }: Geometry): Layout {
  const memory = new SharedArrayBuffer(4);
  const words = new Int32Array(memory);
  words[0] = (1 << frames) - 1;
  for (const { start, count } of reserved) {
    for (let at = start - firstFrame; at < start - firstFrame + count; at++) words[0] |= 1 << (entries + at);
  }
  return { memory, frames, firstFrame };
}

export default defineSubject({
  name: 'class-hierarchy',
  features: { contiguous: true },
  limits: { framesMax: entries },
  create,
  attach: (layout: Layout) => new LastFit(layout),
  observe: (layout: Layout) => new LastFit(layout).observe(),
});
