import { poke, type SharedTags, type SharedWords } from './access.ts';
import { lineFlight, lineHeld, lineSeq, lineWords, levelAfter, type HybridShared } from './layout.ts';

/** One worker's view of the shared words, and what it keeps for itself. */
export class Core {
  readonly shared: HybridShared;
  readonly words: SharedWords;
  readonly tags: SharedTags;
  readonly worker: number;
  /** Offset of the own line. */
  readonly line: number;
  /** The word in which the last search for a small run ended, relative to level 0. */
  hint = 0;
  #seq = 0;
  #held = 0;
  /** Frames by which the published count is too high. */
  #drift = 0;

  constructor(shared: HybridShared, worker: number) {
    this.shared = shared;
    this.worker = worker;
    this.words = new Int32Array(shared.memory);
    this.tags = new Int16Array(shared.memory);
    this.line = shared.lines + worker * lineWords;
  }

  /** Takes over what an earlier handle of this worker has published. */
  resume(): void {
    this.#seq = Atomics.load(this.words, this.line + lineSeq);
    this.#held = Atomics.load(this.words, this.line + lineHeld);
  }

  /** Around each RMW that makes frames available: who validates an out-of-memory then knows that one may come. */
  beginRelease(): void {
    this.#seq = (this.#seq + 1) | 0;
    poke(this.words, this.line + lineSeq, this.#seq);
  }

  endRelease(): void {
    this.#seq = (this.#seq + 1) | 0;
    poke(this.words, this.line + lineSeq, this.#seq);
  }

  /** While a multi-word operation is under way its frames are neither free nor certain to be taken. */
  beginFlight(flight: number): void {
    poke(this.words, this.line + lineFlight, flight);
  }

  endFlight(): void {
    poke(this.words, this.line + lineFlight, 0);
  }

  /** Counts frames taken (negative: given back) by an operation that has succeeded. */
  count(frames: number): void {
    this.#held = (this.#held + frames) | 0;
    poke(this.words, this.line + lineHeld, this.#held);
    const { marks, batch } = this.shared;
    if (marks === undefined) return;
    this.#drift += frames;
    if (this.#drift >= batch || -this.#drift >= batch) this.#publish();
  }

  /** Adds the drift to the published count and moves the pressure with it, both in one word, so that no crossing is lost. */
  #publish(): void {
    const { marks, pressure } = this.shared;
    if (marks === undefined) return;
    let seen = Atomics.load(this.words, pressure);
    for (;;) {
      const framesFree = (seen >> 2) - this.#drift;
      const next = framesFree * 4 + levelAfter(seen & 3, framesFree, marks);
      const found = Atomics.compareExchange(this.words, pressure, seen, next);
      if (found === seen) break;
      seen = found;
    }
    this.#drift = 0;
  }
}
