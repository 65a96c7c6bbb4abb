import { begun, type Coroutine } from './access.ts';

/**
 * A coroutine that is being run, with those that it called. A rewritten call runs its callee as far as that gets by itself; if it yields, the caller
 * yields as well, and from then on the callee is resumed from here. A delegation with `yield*` would be passed through, level by level, at every access.
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
      let step: IteratorResult<undefined>;
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
      if (step.done !== true) {
        for (let callee = begun.pop(); callee !== undefined; callee = begun.pop()) {
          this.#callers.push(this.#top);
          this.#top = callee;
        }
        return step;
      }
      const caller = this.#callers.pop();
      if (caller === undefined) return step as IteratorResult<undefined, Result>;
      this.#top = caller;
      sent = step.value;
    }
  }
}
