import type { Execution } from './execution.ts';
import { abandon, exhausted, type Scheduler } from './scheduler.ts';
import { threadOf, writeOf } from './turn.ts';

/**
 * One execution along given turns. Where the next one cannot step (the program has changed since), or none is left, it goes on with
 * the thread that ran last, else the lowest that can: a schedule always leads somewhere, and `strayed` says at which step it had to help.
 */
export class Replay implements Scheduler {
  readonly #turns: readonly number[];
  /** Steps that are timeouts, if that is known. */
  readonly #timeouts: ReadonlySet<number> | undefined;
  strayed = -1;

  constructor(turns: readonly number[], timeouts?: ReadonlySet<number>) {
    this.#turns = turns;
    this.#timeouts = timeouts;
  }

  choose(execution: Execution): number {
    const at = execution.depth;
    const turn = this.#turns[at];
    const wanted = turn === undefined ? undefined : threadOf(turn);
    if (wanted !== undefined && wanted < execution.threads && execution.canStep(wanted) && this.#isAsWanted(execution, wanted)) {
      const write = writeOf(turn as number);
      if (write < 0 || execution.staleWrites(wanted).includes(write)) return turn as number;
    }
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
