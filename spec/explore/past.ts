import { ranAgain, runAgain } from './access.ts';
import type { Running } from './running.ts';

/** What a thread was given so far: its set-up, and an event each. It decides all that the thread does, so that it can be run again. */
export class Past {
  readonly #values: number[];
  readonly #setup: number;

  constructor(setup: readonly number[]) {
    this.#values = [...setup];
    this.#setup = setup.length;
  }

  /** Notes what the event of this number was given; those behind it are forgotten. */
  note(event: number, value: number): void {
    this.#values[this.#setup + event] = value;
  }

  /** The first so many values. */
  upTo(events: number): readonly number[] {
    return this.#values.slice(0, this.#setup + events);
  }

  /** Runs a new coroutine up to where it has seen so many events. Undefined if it did not ask for them all. */
  repeat(coroutine: Running, events: number): IteratorResult<undefined> | undefined {
    runAgain(this.#values, this.#setup + events);
    let left = 0;
    let next: IteratorResult<undefined>;
    try {
      next = coroutine.next(0);
    } finally {
      left = ranAgain();
    }
    return left > 0 ? undefined : next;
  }
}
