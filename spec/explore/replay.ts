import type { Execution } from './execution.ts';
import { abandon, exhausted, type Scheduler } from './scheduler.ts';

/**
 * One execution along given threads. Where the next one cannot step (the program has changed since), or none is left, it goes on with
 * the thread that ran last, else the lowest that can: a schedule always leads somewhere, and `strayed` says at which step it had to help.
 */
export class Replay implements Scheduler {
  readonly #threads: readonly number[];
  /** Steps that are timeouts, if that is known. */
  readonly #timeouts: ReadonlySet<number> | undefined;
  strayed = -1;

  constructor(threads: readonly number[], timeouts?: ReadonlySet<number>) {
    this.#threads = threads;
    this.#timeouts = timeouts;
  }

  choose(execution: Execution): number {
    const at = execution.depth;
    const wanted = this.#threads[at];
    if (wanted !== undefined && wanted < execution.threads && execution.canStep(wanted) && this.#isAsWanted(execution, wanted)) return wanted;
    if (wanted !== undefined && this.strayed < 0) this.strayed = at;
    const current = at === 0 ? -1 : (execution.thread[at - 1] as number);
    if (current >= 0 && execution.canStep(current)) return current;
    const enabled = execution.enabled();
    return enabled === 0 ? abandon : 31 - Math.clz32(enabled & -enabled);
  }

  #isAsWanted(execution: Execution, thread: number): boolean {
    return this.#timeouts === undefined || this.#timeouts.has(execution.depth) === execution.timesOut(thread);
  }

  next(): number {
    return exhausted;
  }
}
