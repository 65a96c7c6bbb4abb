import { handOut, type Crew } from './crew.ts';
import { Dpor } from './explore/dpor.ts';
import { Execution } from './explore/execution.ts';
import { litmusProgram, type LitmusTest } from './explore/litmus.ts';
import { exhausted, explore } from './explore/scheduler.ts';
import { Frontier, type Slice, type Task, type Work } from './frontier.ts';
import { LitmusFindings, LitmusJudge, limitsOf, stepsMax, type LitmusReport, type LitmusSeen, type LitmusWants } from './litmus.ts';

/** Runs of the first slice of a program, soon over so that others have something to do, and of the others. */
const runsFirst = 256;
const runsEach = 2048;

export interface LitmusWork extends Work {
  readonly test: LitmusTest;
}

/** What came of a part of a program's executions. Plain data. */
export interface LitmusSlice extends Slice {
  readonly seen: LitmusSeen;
}

interface Ready {
  readonly execution: Execution;
  readonly judge: LitmusJudge;
}

/** Programs that are kept ready. */
const keptMost = 8;

/** Runs tasks on litmus programs; each thread that explores has one. */
export class LitmusExplorer {
  readonly #wants: LitmusWants;
  #number = -1;
  #ready: Ready | undefined;
  /** By program, as text: those that were explored last. */
  readonly #kept = new Map<string, Ready>();

  constructor(wants: LitmusWants) {
    this.#wants = wants;
  }

  /** Gives the runs so far now and then; resumed with true, it stops there. */
  *slice({ number, work, subtree, runs }: Task<LitmusWork>): Generator<number, LitmusSlice, boolean> {
    const { execution, judge } = this.#readyFor(number, work);
    const dpor = new Dpor(stepsMax, execution.threads);
    if (subtree === undefined) execution.rewind(0);
    else dpor.restore(execution, subtree);
    const before = subtree === undefined ? 1 : dpor.left(execution);
    const found = new LitmusFindings();
    let made = 0;
    let stopped = false;
    for (const ending of explore(execution, dpor)) {
      judge.judge(ending, found);
      made++;
      if (made === runs || ((made & 0xff) === 0 && (stopped = yield made))) break;
    }
    const told = { runs: made, seen: found.seen(), last: false };
    if ((made < runs && !stopped) || dpor.next(execution) === exhausted) return { ...told, stopped: false, rest: [] };
    const left = dpor.left(execution) / before;
    const parts = stopped ? [] : dpor.donate(execution);
    const rest = [dpor.save(execution), ...parts].map((part) => ({ subtree: part, share: left / (parts.length + 1) }));
    return { ...told, stopped, rest };
  }

  /** A program is compiled to code of its own, which the engine has to get to know: that is a large part of the time of a small one that is explored again. */
  #readyFor(number: number, { test }: LitmusWork): Ready {
    if (this.#number === number && this.#ready !== undefined) return this.#ready;
    this.#number = number;
    const text = JSON.stringify(test);
    this.#ready = this.#kept.get(text) ?? this.#readied(test);
    if (this.#kept.size === keptMost) this.#kept.clear();
    this.#kept.set(text, this.#ready);
    return this.#ready;
  }

  #readied(test: LitmusTest): Ready {
    const program = litmusProgram(test);
    const execution = new Execution(program, limitsOf(program));
    return { execution, judge: new LitmusJudge(test, program, execution, this.#wants) };
  }
}

export interface LitmusContext extends LitmusWants {
  readonly now: () => number;
  readonly stop: () => boolean;
}

/** Explores litmus programs to their ends by a crew; gives their reports in order, and `wait` when there is nothing to do but wait for the crew. */
export function* runLitmusBy(crew: Crew<LitmusWork, LitmusSlice>, tests: readonly LitmusTest[], { outcomes, bounds, now, stop }: LitmusContext): Generator<LitmusReport | 'wait', void> {
  let number = 0;
  for (const [place, test] of tests.entries()) {
    const started = now();
    const sum = new LitmusFindings();
    // One program after the other, so that the time of each is its own.
    const frontier = new Frontier<LitmusWork, LitmusSlice>([{ place, test, runsFirst, runsEach, runsMax: Infinity }], () => number++);
    for (let over = false; !over; ) {
      if (stop()) return crew.halt(true);
      if (!handOut(frontier, crew) && !frontier.idle) yield 'wait';
      for (const { ticket, slice } of crew.collect()) frontier.done(ticket, slice);
      for (const told of frontier.tell()) {
        if (told.slice !== undefined) sum.add(told.slice.seen);
        over = told.over;
      }
    }
    yield sum.report(test.name, { outcomes, bounds }, now() - started);
  }
}
