import type { Slice, Task, Work } from './frontier.ts';
import type { Failure } from './counterexample.ts';
import { rulesOf, variants } from './crashes.ts';
import type { InvariantId } from './invariants.ts';
import { mode } from './explore/access.ts';
import { Dpor } from './explore/dpor.ts';
import { Divergence } from './explore/execution.ts';
import { exhausted, explore, type Ending, type Scheduler } from './explore/scheduler.ts';
import { staleMost } from './explore/stale-reads.ts';
import { SubjectError } from './explore/subject-error.ts';
import { Models } from './models.ts';
import { OwnSteps } from './own-steps.ts';
import { ScenarioJudge, type JudgeOptions, type Seen } from './scenario-judge.ts';
import type { Scenario } from './scenario.ts';
import { joined, turnsOf, type Reach, type Sampling, type Search } from './search.ts';
import type { LoadedSubject } from './subject.ts';
import { isSample, runTwice } from './twice.ts';

export interface ScenarioWork extends Work {
  readonly scenario: Scenario;
  readonly search: Search;
}

/** Runs of one slice of an exhaustive search, with all judges some 50 ms. */
export const sliceRuns = 4096;

/** What came of a part of a scenario's executions. Plain data. */
export interface ScenarioSlice extends Slice {
  readonly counts: Readonly<Record<'executions' | 'blocked' | 'redundant' | 'incomplete' | 'steps', number>>;
  readonly seen: Seen;
  /** The first execution that breaks something, which ends the work on its scenario. */
  readonly failure?: Omit<Failure, 'scenario'> & Partial<Pick<Failure, 'scenario'>>;
  /** Whether something was left out that was to be explored. */
  readonly incomplete?: boolean;
  /** How far a scenario that is not searched in slices was searched. */
  readonly reach?: Reach;
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
    if (task.work.search.kind === 'stopped') return yield* this.#stopped(task.work.scenario, task.work.search);
    const judge = this.#judgeOf(task);
    const { execution, prefixFinding } = judge;
    const run = new Run();
    if (execution === undefined) {
      run.failure = prefixFinding && { decisions: [], finding: prefixFinding };
      return run.slice(judge);
    }
    const { search } = task.work;
    if (search.kind !== 'exhaustive') return yield* this.#inTurns(judge, search, run);
    const dpor = new Dpor(this.#judging.stepsMax, 31);
    if (task.subtree === undefined) execution.rewind(0);
    else dpor.restore(execution, task.subtree);
    const before = task.subtree === undefined ? 1 : dpor.left(execution);
    const ended = yield* this.#explore(judge, dpor, task.runs, run);
    if (ended === 'failed' || ended === 'exhausted' || dpor.next(execution) === exhausted) return run.slice(judge);
    if (ended === 'stopped') return run.slice(judge, { stopped: true, rest: [{ subtree: dpor.save(execution), share: dpor.left(execution) / before }] });
    const left = dpor.left(execution) / before;
    const parts = dpor.donate(execution);
    const rest = [dpor.save(execution), ...parts].map((subtree) => ({ subtree, share: left / (parts.length + 1) }));
    return run.slice(judge, { rest });
  }

  /** Not in slices: what was stopped is begun again. */
  *#inTurns(judge: ScenarioJudge, search: Sampling, run: Run): Generator<number, ScenarioSlice, boolean> {
    const execution = judge.execution as NonNullable<ScenarioJudge['execution']>;
    let reach: Reach = { all: false, bound: false };
    for (const turn of turnsOf(search, execution.threads, this.#judging.stepsMax)) {
      execution.rewind(0);
      const ended = yield* this.#explore(judge, turn.scheduler, turn.runsMax, run);
      if (ended === 'failed') break;
      if (ended === 'stopped') return run.slice(judge, { stopped: true });
      reach = joined(reach, turn.reach(ended === 'exhausted' || turn.scheduler.next(execution) === exhausted));
      if (reach.all) break;
    }
    return run.slice(judge, { reach });
  }

  *#stopped(scenario: Scenario, { stopped, executionsMax }: Search & { kind: 'stopped' }): Generator<number, ScenarioSlice, boolean> {
    const run = new Run();
    const ways = variants(this.#loaded, scenario, stopped);
    for (let way = ways.next(false); way.done !== true; ) {
      const judge = new ScenarioJudge(this.#loaded, way.value.scenario, this.#models, { ...this.#judging, crashes: way.value.crashes, purpose: way.value.purpose });
      const ended = judge.execution === undefined ? 'exhausted' : yield* this.#explore(judge, new Dpor(this.#judging.stepsMax, 31), executionsMax, run);
      if (judge.prefixFinding !== undefined) run.failure = { decisions: [], finding: judge.prefixFinding };
      run.add(judge, rulesOf[way.value.purpose]);
      if (ended === 'stopped') return run.slice(undefined, { stopped: true });
      if (ended === 'full' || run.failure !== undefined) return run.slice(undefined, { incomplete: ended === 'full' });
      way = ways.next(judge.crash?.reached === true);
    }
    return run.slice();
  }

  *#explore(judge: ScenarioJudge, scheduler: Scheduler, runsMax: number, run: Run): Generator<number, 'exhausted' | 'failed' | 'full' | 'stopped', boolean> {
    const execution = judge.execution as NonNullable<ScenarioJudge['execution']>;
    const end = run.runs + runsMax;
    for (const ending of explore(execution, scheduler)) {
      run.count(ending, execution.depth);
      const finding = judge.judge(ending);
      if (finding !== undefined) {
        run.failure = { decisions: execution.turns(), finding, ...(judge.crash === undefined ? {} : { scenario: judge.scenario, ...judge.stopped }) };
        return 'failed';
      }
      if (judge.crash === undefined && isSample(run.runs)) runTwice(this.#loaded, judge.scenario, execution);
      if (run.runs === end) return 'full';
      if ((run.runs & 0x3f) === 0 && (yield run.runs)) return 'stopped';
    }
    return 'exhausted';
  }

  /** The last scenario's judge is kept, since the next task is often of the same one. */
  #judgeOf({ number, work: { scenario, search } }: Task<ScenarioWork>): ScenarioJudge {
    if (this.#judge === undefined || this.#number !== number) {
      this.#judge = new ScenarioJudge(this.#loaded, scenario, this.#models, search.kind === 'exhaustive' && search.stale === true ? { ...this.#judging, staleMost } : this.#judging);
      this.#number = number;
    }
    return this.#judge;
  }
}

class Run {
  runs = 0;
  failure: ScenarioSlice['failure'];
  readonly #steps = new OwnSteps(undefined);
  readonly #judged = new Set<InvariantId>();
  readonly #taken = new Set<string>();
  readonly #notes = new Set<string>();
  readonly #counts = { executions: 0, blocked: 0, redundant: 0, incomplete: 0, steps: 0 };

  count(ending: Ending, steps: number): void {
    this.#counts[ending === 'complete' ? 'executions' : ending]++;
    this.#counts.steps += steps;
    this.runs++;
  }

  /** What a judge saw, of several that one slice has. */
  add(judge: ScenarioJudge, rules: readonly InvariantId[]): void {
    const { steps, judged, taken, notes } = judge.seen();
    this.#steps.add(steps);
    for (const id of [...judged, ...rules]) this.#judged.add(id);
    for (const transition of taken) this.#taken.add(transition);
    for (const note of notes) this.#notes.add(note);
  }

  slice(judge?: ScenarioJudge, more: Partial<ScenarioSlice> = {}): ScenarioSlice {
    const seen = judge?.seen() ?? { judged: [...this.#judged], steps: this.#steps.table(), taken: [...this.#taken], notes: [...this.#notes] };
    return { counts: this.#counts, runs: this.runs, seen, rest: [], stopped: false, last: this.failure !== undefined, ...(this.failure === undefined ? {} : { failure: this.failure }), ...more };
  }
}
