import type { Geometry } from '../spec/contract.ts';

/** How the blocks of a geometry are numbered. Block `number` of an order is the frames from number × 2^order, counted from frame 0. */
export class Layout {
  readonly geometry: Geometry;
  readonly maxOrder: number;
  /** Numbers of the largest blocks that hold a managed frame. */
  readonly topFirst: number;
  readonly topLast: number;
  readonly #base: number[] = [];
  readonly #firstNumber: number[] = [];
  readonly blockCount: number;

  constructor(geometry: Geometry) {
    const { firstFrame, frames, maxOrder } = geometry;
    this.geometry = geometry;
    this.maxOrder = maxOrder;
    this.topFirst = Math.floor(firstFrame / 2 ** maxOrder);
    this.topLast = Math.floor((firstFrame + frames - 1) / 2 ** maxOrder);
    let count = 0;
    for (let order = 0; order <= maxOrder; order++) {
      const perTop = 2 ** (maxOrder - order);
      this.#base.push(count);
      this.#firstNumber.push(this.topFirst * perTop);
      count += (this.topLast - this.topFirst + 1) * perTop;
    }
    this.blockCount = count;
  }

  blockIndex(order: number, number: number): number {
    return (this.#base[order] as number) + number - (this.#firstNumber[order] as number);
  }

  /** Frames that the blocks cover but nobody manages, and reserved ones: runs in ascending order. */
  unavailable(): { start: number; end: number }[] {
    const { firstFrame, frames, reserved } = this.geometry;
    const size = 2 ** this.maxOrder;
    const all = [
      { start: this.topFirst * size, end: firstFrame },
      ...reserved.map(({ start, count }) => ({ start, end: start + count })),
      { start: firstFrame + frames, end: (this.topLast + 1) * size },
    ];
    const merged: { start: number; end: number }[] = [];
    for (const range of all.filter(({ start, end }) => start < end).sort((a, b) => a.start - b.start)) {
      const last = merged.at(-1);
      if (last !== undefined && range.start <= last.end) last.end = Math.max(last.end, range.end);
      else merged.push({ ...range });
    }
    return merged;
  }
}
