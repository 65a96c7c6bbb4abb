import type { Coroutine } from './access.ts';

/**
 * A coroutine that is being run, with those that it called. A rewritten call yields the callee's coroutine instead of delegating to it with
 * `yield*`: a delegation is passed through, level by level, at every access, a stack is not.
 */
export class Running<Result = unknown> {
  #top: Coroutine;
  readonly #callers: Coroutine[] = [];

  constructor(coroutine: Coroutine<Result>) {
    this.#top = coroutine;
  }

  /** Gives the last access its value and goes on to the next one; done with the result of the whole. */
  next(value: number): IteratorResult<undefined, Result> {
    let sent: unknown = value;
    let failed = false;
    for (;;) {
      let step: IteratorResult<Coroutine | undefined>;
      try {
        step = failed ? this.#top.throw(sent) : this.#top.next(sent as number);
      } catch (error) {
        const caller = this.#callers.pop();
        if (caller === undefined) throw error;
        this.#top = caller;
        sent = error;
        failed = true;
        continue;
      }
      failed = false;
      if (step.done === true) {
        const caller = this.#callers.pop();
        if (caller === undefined) return step as IteratorResult<undefined, Result>;
        this.#top = caller;
        sent = step.value;
      } else if (step.value === undefined) {
        return step as IteratorResult<undefined, Result>;
      } else {
        this.#callers.push(this.#top);
        this.#top = step.value;
        sent = 0;
      }
    }
  }
}
