import { handOut, type Crew } from './crew.ts';
import { Dpor } from './explore/dpor.ts';
import { Execution } from './explore/execution.ts';
import { litmusProgram, type LitmusOutcome, type LitmusProgram, type LitmusTest } from './explore/litmus.ts';
import { exhausted, explore, type Ending } from './explore/scheduler.ts';
import { Frontier, type Slice, type Task, type Work } from './frontier.ts';
import { stepsMax, type LitmusReport } from './litmus.ts';

/** Runs of the first slice of a program, soon over so that others have something to do, and of the others. */
const runsFirst = 256;
const runsEach = 2048;

export interface LitmusWork extends Work {
  readonly test: LitmusTest;
}

/** What came of a part of a program's executions. Plain data. */
export interface LitmusSlice extends Slice {
  readonly counts: Readonly<Record<Ending, number>>;
  readonly outcomes: readonly LitmusOutcome[];
}

/** Runs tasks on litmus programs; each thread that explores has one. */
export class LitmusExplorer {
  readonly #outcomes: boolean;
  #number = -1;
  #program: LitmusProgram | undefined;
  #execution: Execution | undefined;

  constructor(options: { readonly outcomes: boolean }) {
    this.#outcomes = options.outcomes;
  }

  /** Gives the runs so far now and then; resumed with true, it stops there. */
  *slice({ number, work, subtree, runs }: Task<LitmusWork>): Generator<number, LitmusSlice, boolean> {
    const [program, execution] = this.#ready(number, work);
    const dpor = new Dpor(stepsMax, program.threads);
    if (subtree === undefined) execution.rewind(0);
    else dpor.restore(execution, subtree);
    const before = subtree === undefined ? 1 : dpor.left(execution);
    const counts: Record<Ending, number> = { complete: 0, blocked: 0, redundant: 0, incomplete: 0 };
    const outcomes = new Map<string, LitmusOutcome>();
    let made = 0;
    let stopped = false;
    for (const ending of explore(execution, dpor)) {
      counts[ending]++;
      made++;
      if (this.#outcomes && ending === 'complete') {
        const outcome = program.outcome();
        outcomes.set(JSON.stringify(outcome), outcome);
      }
      if (made === runs || ((made & 0xff) === 0 && (stopped = yield made))) break;
    }
    const told = { runs: made, counts, outcomes: [...outcomes.values()], last: false };
    if ((made < runs && !stopped) || dpor.next(execution) === exhausted) return { ...told, stopped: false, rest: [] };
    const left = dpor.left(execution) / before;
    const parts = stopped ? [] : dpor.donate(execution);
    const rest = [dpor.save(execution), ...parts].map((part) => ({ subtree: part, share: left / (parts.length + 1) }));
    return { ...told, stopped, rest };
  }

  /** The last program is kept, since the next task is often of the same one. */
  #ready(number: number, { test }: LitmusWork): readonly [LitmusProgram, Execution] {
    if (this.#number !== number || this.#program === undefined || this.#execution === undefined) {
      this.#program = litmusProgram(test);
      this.#execution = new Execution(this.#program, { stepsMax, intervals: true });
      this.#number = number;
    }
    return [this.#program, this.#execution];
  }
}

export interface LitmusContext {
  readonly outcomes: boolean;
  readonly now: () => number;
  readonly stop: () => boolean;
}

/** Explores litmus programs to their ends by a crew; gives their reports in order, and `wait` when there is nothing to do but wait for the crew. */
export function* runLitmusBy(crew: Crew<LitmusWork, LitmusSlice>, tests: readonly LitmusTest[], { outcomes, now, stop }: LitmusContext): Generator<LitmusReport | 'wait', void> {
  let number = 0;
  for (const [place, test] of tests.entries()) {
    const started = now();
    const sum = new Sum();
    // One program after the other, so that the time of each is its own.
    const frontier = new Frontier<LitmusWork, LitmusSlice>([{ place, test, runsFirst, runsEach, runsMax: Infinity }], () => number++);
    for (let over = false; !over; ) {
      if (stop()) return crew.halt(true);
      if (!handOut(frontier, crew) && !frontier.idle) yield 'wait';
      for (const { ticket, slice } of crew.collect()) frontier.done(ticket, slice);
      for (const told of frontier.tell()) {
        if (told.slice !== undefined) sum.add(told.slice);
        over = told.over;
      }
    }
    const durationMs = Math.round((now() - started) * 1000) / 1000;
    const { counts, outcomes: found } = sum;
    yield { name: test.name, executions: counts.complete, blocked: counts.blocked, redundant: counts.redundant, ...(outcomes ? { outcomes: [...found.values()] } : {}), durationMs };
  }
}

class Sum {
  readonly counts: Record<Ending, number> = { complete: 0, blocked: 0, redundant: 0, incomplete: 0 };
  readonly outcomes = new Map<string, LitmusOutcome>();

  add(slice: LitmusSlice): void {
    for (const ending of ['complete', 'blocked', 'redundant', 'incomplete'] as const) this.counts[ending] += slice.counts[ending];
    for (const outcome of slice.outcomes) this.outcomes.set(JSON.stringify(outcome), outcome);
  }
}
