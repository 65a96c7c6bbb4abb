import type { Slice, Task, Work } from './frontier.ts';
import type { Finding } from './invariants.ts';
import { mode } from './explore/access.ts';
import { Dpor } from './explore/dpor.ts';
import { Divergence } from './explore/execution.ts';
import { RandomWalks } from './explore/random.ts';
import { exhausted, explore, type Ending, type Scheduler } from './explore/scheduler.ts';
import { SubjectError } from './explore/subject-error.ts';
import { Models } from './models.ts';
import { randomFrom } from './seeds.ts';
import { ScenarioJudge, type JudgeOptions, type Seen } from './scenario-judge.ts';
import type { Scenario } from './scenario.ts';
import type { LoadedSubject } from './subject.ts';

/** Runs of one slice of an exhaustive search, with all judges some 50 ms. */
export const sliceRuns = 4096;

/** How the executions of one scenario are searched. Plain data, so that another thread can do it. */
export type Search =
  /** All of them, in slices. */
  | { readonly kind: 'exhaustive' }
  /** So many by the reduced search; if those are not all, as many random walks. */
  | { readonly kind: 'sampled'; readonly executions: number; readonly seed: number };

export interface ScenarioWork extends Work {
  readonly scenario: Scenario;
  readonly search: Search;
}

/** What came of a part of a scenario's executions. Plain data. */
export interface ScenarioSlice extends Slice {
  readonly counts: Readonly<Record<'executions' | 'blocked' | 'redundant' | 'incomplete' | 'steps', number>>;
  readonly seen: Seen;
  /** The first execution that breaks something, which ends the work on its scenario. */
  readonly failure?: { readonly decisions: readonly number[]; readonly finding: Finding };
  /** What kept it from being judged at all. */
  readonly trouble?: { readonly kind: 'diverged'; readonly step: number; readonly message: string } | { readonly kind: 'subject'; readonly message: string };
}

/** Runs tasks on one subject; each thread that explores has one. */
export class Explorer {
  readonly #loaded: LoadedSubject;
  readonly #judging: JudgeOptions;
  readonly #models = new Models();
  #judge: ScenarioJudge | undefined;
  #number = -1;

  constructor(loaded: LoadedSubject, judging: JudgeOptions) {
    this.#loaded = loaded;
    this.#judging = judging;
  }

  /** Gives the runs so far now and then; resumed with true, it stops there. */
  *slice(task: Task<ScenarioWork>): Generator<number, ScenarioSlice, boolean> {
    mode.live = true;
    try {
      return yield* this.#slice(task);
    } catch (error) {
      this.#judge = undefined;
      const nothing = new Run().slice();
      if (error instanceof Divergence) return { ...nothing, trouble: { kind: 'diverged', step: error.step, message: error.message } };
      if (error instanceof SubjectError) return { ...nothing, trouble: { kind: 'subject', message: error.message } };
      throw error;
    } finally {
      mode.live = false;
    }
  }

  *#slice(task: Task<ScenarioWork>): Generator<number, ScenarioSlice, boolean> {
    const judge = this.#judgeOf(task);
    const { execution, prefixFinding } = judge;
    const run = new Run();
    if (execution === undefined) {
      run.failure = prefixFinding && { decisions: [], finding: prefixFinding };
      return run.slice(judge);
    }
    const dpor = new Dpor(this.#judging.stepsMax, 31);
    if (task.subtree === undefined) execution.rewind(0);
    else dpor.restore(execution, task.subtree);
    const before = task.subtree === undefined ? 1 : dpor.left(execution);
    const ended = yield* this.#explore(judge, dpor, task.runs, run);
    if (ended === 'failed' || ended === 'exhausted' || dpor.next(execution) === exhausted) return run.slice(judge);
    const { search } = task.work;
    if (search.kind === 'sampled') {
      if (ended === 'stopped') return run.slice(judge, { stopped: true });
      execution.rewind(0);
      const walks = new RandomWalks(search.executions, randomFrom(search.seed));
      const stopped = (yield* this.#explore(judge, walks, Infinity, run)) === 'stopped';
      return run.slice(judge, { stopped });
    }
    if (ended === 'stopped') return run.slice(judge, { stopped: true, rest: [{ subtree: dpor.save(execution), share: dpor.left(execution) / before }] });
    const left = dpor.left(execution) / before;
    const parts = dpor.donate(execution);
    const rest = [dpor.save(execution), ...parts].map((subtree) => ({ subtree, share: left / (parts.length + 1) }));
    return run.slice(judge, { rest });
  }

  *#explore(judge: ScenarioJudge, scheduler: Scheduler, runsMax: number, run: Run): Generator<number, 'exhausted' | 'failed' | 'full' | 'stopped', boolean> {
    const execution = judge.execution as NonNullable<ScenarioJudge['execution']>;
    const end = run.runs + runsMax;
    for (const ending of explore(execution, scheduler)) {
      run.count(ending, execution.depth);
      const finding = judge.judge(ending);
      if (finding !== undefined) {
        run.failure = { decisions: Array.from(execution.thread.subarray(0, execution.depth)), finding };
        return 'failed';
      }
      if (run.runs === end) return 'full';
      if ((run.runs & 0x3f) === 0 && (yield run.runs)) return 'stopped';
    }
    return 'exhausted';
  }

  /** The last scenario's judge is kept, since the next task is often of the same one. */
  #judgeOf({ number, work: { scenario } }: Task<ScenarioWork>): ScenarioJudge {
    if (this.#judge === undefined || this.#number !== number) {
      this.#judge = new ScenarioJudge(this.#loaded, scenario, this.#models, this.#judging);
      this.#number = number;
    }
    return this.#judge;
  }
}

class Run {
  runs = 0;
  failure: ScenarioSlice['failure'];
  readonly #counts = { executions: 0, blocked: 0, redundant: 0, incomplete: 0, steps: 0 };

  count(ending: Ending, steps: number): void {
    this.#counts[ending === 'complete' ? 'executions' : ending]++;
    this.#counts.steps += steps;
    this.runs++;
  }

  slice(judge?: ScenarioJudge, more: Partial<ScenarioSlice> = {}): ScenarioSlice {
    const seen = judge?.seen() ?? { judged: [], stepsMax: {}, taken: [] };
    return { counts: this.#counts, runs: this.runs, seen, rest: [], stopped: false, last: this.failure !== undefined, ...(this.failure === undefined ? {} : { failure: this.failure }), ...more };
  }
}
