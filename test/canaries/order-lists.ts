/**
 * The buddy of the design document: a list of free blocks for each order, here a bit for each block of one word an order. Blocks are
 * counted from `base`. The count of each allocation is kept at its first frame. Nothing here keeps a second worker out.
 */
export interface OrderShared {
  readonly lists: SharedArrayBuffer;
  readonly runs: SharedArrayBuffer;
  readonly locks: SharedArrayBuffer;
  readonly base: number;
  readonly maxOrder: number;
}

/** The frames from `firstFrame` on as the largest blocks that they can be cut into, aligned relative to `base`. */
export function createOrders(frames: number, firstFrame: number, maxOrder: number, base: number): OrderShared {
  const lists = new SharedArrayBuffer(4 * (maxOrder + 1));
  const words = new Int32Array(lists);
  const end = firstFrame - base + frames;
  for (let at = firstFrame - base; at < end; ) {
    let order = maxOrder;
    while (at % 2 ** order !== 0 || at + 2 ** order > end) order--;
    words[order] = (words[order] as number) | (1 << (at >> order));
    at += 2 ** order;
  }
  return { lists, runs: new SharedArrayBuffer(4 * end), locks: new SharedArrayBuffer(4 * (maxOrder + 1)), base, maxOrder };
}

export class OrderLists {
  protected readonly lists: Int32Array;
  protected readonly runs: Int32Array;
  protected readonly base: number;
  protected readonly maxOrder: number;

  constructor({ lists, runs, base, maxOrder }: OrderShared) {
    this.lists = new Int32Array(lists);
    this.runs = new Int32Array(runs);
    this.base = base;
    this.maxOrder = maxOrder;
  }

  allocate(count: number): number {
    const wanted = Math.log2(count);
    if (!Number.isInteger(wanted) || wanted > this.maxOrder) return -2;
    let order = this.smallestFrom(wanted);
    if (order < 0) return -1;
    const list = Atomics.load(this.lists, order);
    let block = 31 - Math.clz32(list & -list);
    Atomics.store(this.lists, order, list & ~(1 << block));
    while (order > wanted) {
      order--;
      block *= 2;
      this.push(order, block + 1);
    }
    const start = block << wanted;
    Atomics.store(this.runs, start, count);
    return this.base + start;
  }

  free(frame: number, count: number): number {
    const start = frame - this.base;
    if (count < 1 || start < 0 || start >= this.runs.length || Atomics.load(this.runs, start) !== count) return -4;
    Atomics.store(this.runs, start, 0);
    let order = Math.log2(count);
    let block = start >> order;
    for (; order < this.maxOrder; order++, block >>= 1) {
      const list = Atomics.load(this.lists, order);
      if ((list & (1 << (block ^ 1))) === 0) break;
      Atomics.store(this.lists, order, list & ~(1 << (block ^ 1)));
    }
    this.push(order, block);
    return 0;
  }

  /** The least order, `wanted` or above, that has a free block; −1 if none has. */
  protected smallestFrom(wanted: number): number {
    for (let order = wanted; order <= this.maxOrder; order++) if (Atomics.load(this.lists, order) !== 0) return order;
    return -1;
  }

  protected push(order: number, block: number): void {
    const list = Atomics.load(this.lists, order);
    Atomics.store(this.lists, order, list | (1 << block));
  }
}

/** Where blocks must be counted from to be aligned relative to frame 0. */
export const alignedBase = (firstFrame: number, maxOrder: number): number => Math.floor(firstFrame / 2 ** maxOrder) * 2 ** maxOrder;
