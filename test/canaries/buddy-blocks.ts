import type { Geometry, ObservedFrame } from 'frameproof';

/** Per frame: order + 1 of the free block that starts there, −order − 1 of the allocated one, {@link unavailable}, or 0 inside a block. */
export interface BlockWords {
  readonly memory: SharedArrayBuffer;
  readonly frames: number;
  readonly firstFrame: number;
}

/** A reserved frame: a block of an order that nobody can free. */
const unavailable = -64;

/** Free blocks from the first frame on, each as large as its alignment (relative to frame `origin`), the reserved frames and the end allow. */
export function createBlocks({ frames, firstFrame, reserved }: Pick<Geometry, 'frames' | 'firstFrame' | 'reserved'>, origin = 0): BlockWords {
  const memory = new SharedArrayBuffer(4 * frames);
  const words = new Int32Array(memory);
  for (const { start, count } of reserved) words.fill(unavailable, start - firstFrame, start - firstFrame + count);
  for (let at = 0; at < frames; ) {
    if (words[at] === unavailable) {
      at++;
      continue;
    }
    const next = words.indexOf(unavailable, at);
    const end = next < 0 ? frames : next;
    let order = 0;
    while ((firstFrame - origin + at) % 2 ** (order + 1) === 0 && at + 2 ** (order + 1) <= end) order++;
    words[at] = order + 1;
    at += 2 ** order;
  }
  return { memory, frames, firstFrame };
}

export function observeBlocks({ memory, frames }: BlockWords): ObservedFrame[] {
  const words = new Int32Array(memory);
  const observed = Array.from({ length: frames }, (): ObservedFrame => 'allocated');
  for (let at = 0; at < frames; at++) {
    const word = words[at] as number;
    if (word > 0) observed.fill('free', at, at + 2 ** (word - 1));
    if (word === unavailable) observed[at] = 'reserved';
  }
  return observed;
}

/** A binary buddy for one worker, powers of two only. Right as it stands; canaries replace a part of it. */
export class BuddyBlocks {
  protected readonly words: Int32Array;
  protected readonly shared: BlockWords;

  constructor(shared: BlockWords) {
    this.words = new Int32Array(shared.memory);
    this.shared = shared;
  }

  allocate(count: number): number {
    const wanted = Math.log2(count);
    if (!Number.isInteger(wanted)) return -2;
    const { at, order } = this.find(wanted);
    if (at < 0) return -1;
    for (let half = order - 1; half >= wanted; half--) Atomics.store(this.words, at + 2 ** half, half + 1);
    Atomics.store(this.words, at, -wanted - 1);
    return this.shared.firstFrame + at;
  }

  free(frame: number, count: number): number {
    const { frames, firstFrame } = this.shared;
    let at = frame - firstFrame;
    let order = Math.log2(count);
    if (at < 0 || at >= frames || Atomics.load(this.words, at) !== -order - 1) return -4;
    for (let buddy = this.buddyOf(at, order); buddy >= 0 && buddy < frames && Atomics.load(this.words, buddy) === order + 1; buddy = this.buddyOf(at, order)) {
      Atomics.store(this.words, Math.max(at, buddy), 0);
      at = Math.min(at, buddy);
      order++;
    }
    Atomics.store(this.words, at, order + 1);
    return 0;
  }

  framesFree(): number {
    let counted = 0;
    for (let at = 0; at < this.shared.frames; at++) {
      const word = Atomics.load(this.words, at);
      if (word > 0) counted += 2 ** (word - 1);
    }
    return counted;
  }

  /** Where the buddy of a block starts, counted from the first frame. */
  protected buddyOf(at: number, order: number): number {
    const { firstFrame } = this.shared;
    return ((firstFrame + at) ^ (1 << order)) - firstFrame;
  }

  /** The first of the smallest free blocks that are large enough. */
  protected find(wanted: number): { at: number; order: number } {
    let best = { at: -1, order: Infinity };
    for (let at = 0; at < this.shared.frames; at++) {
      const order = Atomics.load(this.words, at) - 1;
      if (order >= wanted && order < best.order) best = { at, order };
    }
    return best;
  }
}
