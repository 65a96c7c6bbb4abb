import type { Draft } from './state.ts';
import { blocks, frames, pressureAfter, pressures, refused, type Component } from './transitions.ts';

/** Told of every component transition that is taken. */
export type Listener = (component: Component<string, string>, state: number, event: number) => void;

const split = blocks.state('split');
const free = blocks.state('free');

/**
 * The moves of the composed model: each takes or gives back a run of frames, one machine event at a time. A machine that refuses an
 * event is a defect of the model and throws; what callers may ask for is decided before.
 */
export class Moves {
  readonly #draft: Draft;
  readonly #listener: Listener;

  constructor(draft: Draft, listener: Listener) {
    this.#draft = draft;
    this.#listener = listener;
  }

  /** Takes free frames start … end − 1 out of the buddy system, splitting blocks from the top as needed. */
  take(start: number, end: number, event: 'allocate' | 'reserve'): void {
    const { layout } = this.#draft;
    for (let frame = start; frame < end; frame++) this.#moveFrame(frame, event);
    this.#eachTop(start, end, (number) => this.#takeFrom(layout.maxOrder, number, start, end, event));
    if (event === 'allocate') this.#draft.allocations.set(start, end - start);
  }

  /** Gives the frames of an allocation back, merging buddies that are both free as far up as they go. */
  give(start: number, end: number): void {
    const { layout } = this.#draft;
    for (let frame = start; frame < end; frame++) this.#moveFrame(frame, 'free');
    this.#eachTop(start, end, (number) => this.#giveTo(layout.maxOrder, number, start, end));
    this.#draft.allocations.delete(start);
  }

  /** Makes every largest block appear, and reserves what is not there. */
  begin(): void {
    const { layout } = this.#draft;
    for (let number = layout.topFirst; number <= layout.topLast; number++) this.#moveBlock(layout.blockIndex(layout.maxOrder, number), 'appear');
    for (const { start, end } of layout.unavailable()) this.take(start, end, 'reserve');
    this.settlePressure();
  }

  settlePressure(): void {
    const { layout, framesFree, pressure } = this.#draft;
    const { marks } = layout.geometry;
    if (marks === undefined) return;
    this.#draft.pressure = pressureAfter(pressure, framesFree, marks, (state, event) => this.#listener(pressures, state, event));
  }

  #eachTop(start: number, end: number, visit: (number: number) => void): void {
    const size = 2 ** this.#draft.layout.maxOrder;
    for (let number = Math.floor(start / size); number <= Math.floor((end - 1) / size); number++) visit(number);
  }

  #takeFrom(order: number, number: number, start: number, end: number, event: 'allocate' | 'reserve'): void {
    const first = number * 2 ** order;
    const next = first + 2 ** order;
    if (end <= first || next <= start) return;
    const index = this.#draft.layout.blockIndex(order, number);
    if (start <= first && next <= end) {
      this.#moveBlock(index, event);
      return;
    }
    const half = number * 2;
    if (this.#draft.blocks[index] === free) {
      this.#moveBlock(index, 'split');
      this.#moveBlock(this.#draft.layout.blockIndex(order - 1, half), 'appear');
      this.#moveBlock(this.#draft.layout.blockIndex(order - 1, half + 1), 'appear');
    }
    this.#takeFrom(order - 1, half, start, end, event);
    this.#takeFrom(order - 1, half + 1, start, end, event);
  }

  #giveTo(order: number, number: number, start: number, end: number): void {
    const first = number * 2 ** order;
    const next = first + 2 ** order;
    if (end <= first || next <= start) return;
    const { layout } = this.#draft;
    const index = layout.blockIndex(order, number);
    if (start <= first && next <= end) {
      this.#moveBlock(index, 'free');
      return;
    }
    const [left, right] = [layout.blockIndex(order - 1, number * 2), layout.blockIndex(order - 1, number * 2 + 1)];
    this.#giveTo(order - 1, number * 2, start, end);
    this.#giveTo(order - 1, number * 2 + 1, start, end);
    if (this.#draft.blocks[index] === split && this.#draft.blocks[left] === free && this.#draft.blocks[right] === free) {
      this.#moveBlock(left, 'vanish');
      this.#moveBlock(right, 'vanish');
      this.#moveBlock(index, 'merge');
    }
  }

  #moveFrame(frame: number, event: 'allocate' | 'free' | 'reserve'): void {
    const { frames: states, layout } = this.#draft;
    const at = frame - layout.geometry.firstFrame;
    if (at < 0 || at >= states.length) return; // blocks reach past the managed frames
    const before = states[at] as number;
    const number = frames.event(event);
    const after = frames.next(before, number);
    if (after === refused) throw new Error(`frame ${frame} is ${frames.states[before]} and refuses ${event}`);
    states[at] = after;
    this.#draft.framesFree += event === 'free' ? 1 : -1;
    this.#listener(frames, before, number);
  }

  #moveBlock(index: number, event: 'appear' | 'vanish' | 'split' | 'merge' | 'allocate' | 'free' | 'reserve'): void {
    const before = this.#draft.blocks[index] as number;
    const number = blocks.event(event);
    const after = blocks.next(before, number);
    if (after === refused) throw new Error(`a block is ${blocks.states[before]} and refuses ${event}`);
    this.#draft.blocks[index] = after;
    this.#listener(blocks, before, number);
  }
}

