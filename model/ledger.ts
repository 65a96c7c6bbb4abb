import { frames, refused } from './transitions.ts';

/** What an event of a recorded trace means to the ownership of its frames. */
export type LedgerEvent =
  | { readonly kind: 'ok' }
  /** A frame of the allocation has an owner already. */
  | { readonly kind: 'ownedTwice'; readonly frame: number }
  /** A piece of an allocation was freed; kernels may, and the rest stays owned. */
  | { readonly kind: 'partialFree'; readonly frame: number }
  /** A block does not start at a multiple of its size. */
  | { readonly kind: 'misaligned'; readonly frame: number };

const pageBits = 12;
const pageSize = 1 << pageBits;
const unknown = 255;
const ok: LedgerEvent = { kind: 'ok' };
const [free, allocated] = [frames.state('free'), frames.state('allocated')];
const [allocate, release] = [frames.event('allocate'), frames.event('free')];

/**
 * Ownership of frames along a recorded trace: the frame machine once per frame that the trace names, out of millions. A recording starts
 * in the middle of a system's life, so a frame is unknown until its first event, and that event teaches what it was.
 */
export class Ledger {
  /** Distinct frames that any event named. */
  framesSeen = 0;
  /** Frames freed that nobody was seen to own: allocated before the recording, or by a path that it does not record. */
  freesOfUnknown = 0;
  /** Of those, frames whose last event was a free: the recording cannot tell a second free from an allocation that it missed. */
  freesOfFree = 0;
  readonly #states = new Map<number, Uint8Array>();
  /** First frame and size of the block that a frame was allocated in, by frame. */
  readonly #blocks = new Map<number, { readonly start: number; readonly count: number }>();

  /** A block of 2^k = `count` frames was handed out. */
  allocate(start: number, count: number): LedgerEvent {
    let worst = ok;
    const block = { start, count };
    for (let frame = start; frame < start + count; frame++) {
      const next = this.#take(frame, allocate);
      if (next === refused && worst === ok) worst = { kind: 'ownedTwice', frame };
      if (next === refused) this.#set(frame, allocated);
      if (count > 1) this.#blocks.set(frame, block);
      else this.#blocks.delete(frame);
    }
    return worst === ok && start % count !== 0 ? { kind: 'misaligned', frame: start } : worst;
  }

  /** A block of `count` frames was given back. */
  free(start: number, count: number): LedgerEvent {
    let worst = ok;
    const block = this.#blocks.get(start);
    for (let frame = start; frame < start + count; frame++) {
      const state = this.#get(frame);
      if (state === unknown) this.framesSeen++;
      if (state === unknown || frames.next(state, release) === refused) {
        this.freesOfUnknown++;
        if (state !== unknown) this.freesOfFree++;
      } else if (worst === ok && ((block?.count ?? 1) !== count || (block?.start ?? start) !== start)) {
        worst = { kind: 'partialFree', frame };
      }
      this.#set(frame, free);
      this.#blocks.delete(frame);
    }
    return worst === ok && start % count !== 0 ? { kind: 'misaligned', frame: start } : worst;
  }

  #take(frame: number, event: number): number {
    const state = this.#get(frame);
    if (state === unknown) this.framesSeen++;
    // What is handed out was free before, whatever the recording knows.
    const next = frames.next(state === unknown ? free : state, event);
    if (next !== refused) this.#set(frame, next);
    return next;
  }

  #get(frame: number): number {
    return this.#states.get(Math.floor(frame / pageSize))?.[frame % pageSize] ?? unknown;
  }

  #set(frame: number, state: number): void {
    const number = Math.floor(frame / pageSize);
    let page = this.#states.get(number);
    if (page === undefined) {
      page = new Uint8Array(pageSize).fill(unknown);
      this.#states.set(number, page);
    }
    page[frame % pageSize] = state;
  }
}
