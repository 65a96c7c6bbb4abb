import fc from 'fast-check';
import { rulesOf, stoppedIn, variants, type Stopped, type Variant } from './crashes.ts';
import { counterexampleOf, type Failure } from './counterexample.ts';
import { mode } from './explore/access.ts';
import { Dpor } from './explore/dpor.ts';
import { RandomWalks } from './explore/random.ts';
import { explore, type Ending, type Scheduler } from './explore/scheduler.ts';
import { arbitraryScenario, enumerate } from './generate.ts';
import { invariants, type InvariantId } from './invariants.ts';
import { Models } from './models.ts';
import { OwnSteps } from './own-steps.ts';
import type { Phase } from './plan.ts';
import type { Coverage, PhaseReport, SubjectReport, Verdict, ViolationReport } from './report.ts';
import { counts, judgeDefaults, ScenarioJudge, type JudgeOptions } from './scenario-judge.ts';
import type { Scenario } from './scenario.ts';
import { describeScope, within, type Scope } from './scope.ts';
import { shrink } from './shrink.ts';
import type { LoadedSubject } from './subject.ts';

export interface CheckPlan {
  readonly phases: readonly Phase[];
  /** Judged first and exhaustively, beside the phases. */
  readonly scenarios: readonly Scenario[];
  readonly seed: number;
  /** Violations after which to stop. */
  readonly bail: number;
  /** Executions that the shrinking of one violation may take; 0: not shrunk. */
  readonly shrinkExecutions: number;
  /** Executions of one scenario planned as exhaustive, at most; beyond, the verdict is inconclusive. */
  readonly executionsMax: number;
  /** Only violations of these invariants count; empty: all. */
  readonly invariants: readonly string[];
  readonly judge?: JudgeOptions;
}

/** What the outside lends: whether to stop, and a clock in milliseconds. */
export interface CheckContext {
  readonly stop: () => boolean;
  readonly now: () => number;
}

export type CheckEvent =
  | { readonly kind: 'progress'; readonly subject: string; readonly phase: string; readonly scenarios: number; readonly executions: number; readonly total: number | undefined }
  | { readonly kind: 'phase'; readonly subject: string; readonly report: PhaseReport }
  | { readonly kind: 'violation'; readonly subject: string; readonly invariant: string }
  | { readonly kind: 'shrinking'; readonly subject: string; readonly commands: number; readonly tried: number };

/** Judges one subject: generated scenarios, their executions, judgements, and what was found, shrunk. */
export function* check(loaded: LoadedSubject, plan: CheckPlan, context: CheckContext): Generator<CheckEvent, SubjectReport> {
  const run = new CheckRun(loaded, plan, context);
  mode.live = true;
  try {
    if (plan.scenarios.length > 0) yield* run.given(plan.scenarios);
    for (const [number, phase] of plan.phases.entries()) {
      if (run.isOver()) break;
      yield* run.phase(phase, number);
    }
    return run.report();
  } finally {
    mode.live = false;
  }
}

/** Judged only if the subject has observe(), framesFree() or pressure(), or declares a policy, progress, or that it survives crashes. */
const optional: readonly InvariantId[] = ['FP-REF-1', 'FP-CNT-1', 'FP-WMK-1', 'FP-POL-1', 'FP-CRS-1', 'FP-CRS-2', 'FP-CRS-3', 'FP-STP-1', 'FP-LFR-1', 'FP-OBF-1'];

type Counts = { -readonly [K in 'scenarios' | 'executions' | 'blocked' | 'redundant' | 'incomplete' | 'steps']: number };

class CheckRun {
  readonly #loaded: LoadedSubject;
  readonly #plan: CheckPlan;
  readonly #context: CheckContext;
  readonly #models = new Models();
  readonly #counts: Counts = { scenarios: 0, executions: 0, blocked: 0, redundant: 0, incomplete: 0, steps: 0 };
  #steps: OwnSteps;
  readonly #phases: PhaseReport[] = [];
  readonly #violations: ViolationReport[] = [];
  readonly #seen = new Set<string>();
  readonly #judged = new Set<InvariantId>();
  readonly #notes: string[] = [];
  #cut = false;

  constructor(loaded: LoadedSubject, plan: CheckPlan, context: CheckContext) {
    this.#loaded = loaded;
    this.#plan = plan;
    this.#context = context;
    this.#steps = new OwnSteps(loaded.subject.progress);
    if (plan.invariants.length > 0) this.#notes.push(`only ${plan.invariants.join(', ')} counts; violations of others are passed over`);
    if (loaded.packages.length > 0) this.#notes.push(`not explored: what ${loaded.packages.join(', ')} does to shared memory is not seen; import such a module by its path`);
    if (loaded.subject.observe === undefined) this.#notes.push('judged weakly: the subject has no observe(), so memory is compared with the model by its answers only');
  }

  isOver(): boolean {
    return this.#cut || this.#violations.length >= this.#plan.bail;
  }

  /** Scenarios that somebody named. */
  *given(scenarios: readonly Scenario[]): Generator<CheckEvent, void> {
    yield* this.#explorePhase('exhaustive', 'the given scenario', scenarios, scenarios.length, true, () => new Dpor(this.#stepLimit, 31));
  }

  *phase(phase: Phase, number: number): Generator<CheckEvent, void> {
    const { subject } = this.#loaded;
    const stopped = stoppedIn(phase, subject);
    if (stopped !== undefined && stopped.length === 0) return;
    const scope = within(phase.scope, subject.limits, subject.features ?? {});
    if (typeof scope === 'string') {
      this.#phases.push({ strategy: phase.strategy, scope: describeScope(phase.scope), plannedExhaustive: false, exhausted: false, scenarios: 0, executions: 0, violated: false, durationMs: 0, note: `left out: ${scope}` });
      return;
    }
    if (phase.strategy === 'progress') yield* this.#progress(scope, stopped ?? []);
    else if (stopped !== undefined) {
      const scenarios = [...enumerate(scope, subject.features ?? {})];
      const most = Math.max(...stopped.map((each) => each.most));
      yield* this.#explorePhase(phase.strategy, `${describeScope(scope)}, ≤ ${most} of them stopped at any step`, scenarios, scenarios.length, true, () => new Dpor(this.#stepLimit, 31), undefined, stopped);
    } else if (phase.strategy === 'exhaustive') {
      const scenarios = [...enumerate(scope, subject.features ?? {})];
      yield* this.#explorePhase('exhaustive', describeScope(scope), scenarios, scenarios.length, true, () => new Dpor(this.#stepLimit, 31));
    } else if (phase.strategy === 'random') {
      const seed = mixed(this.#plan.seed, number);
      const scenarios = this.#sampled(scope, phase.scenarios, seed);
      const random = randomFrom(mixed(seed, 1));
      yield* this.#explorePhase('random', describeScope(scope), scenarios, phase.scenarios, false, (again) =>
        again ? new RandomWalks(phase.executions, random) : new Dpor(this.#stepLimit, 31), phase.executions);
    }
  }

  /** Likewise for what a subject promises of progress; says how many accesses in a row go without an operation that ends. */
  *#progress(scope: Scope, stopped: readonly Stopped[]): Generator<CheckEvent, void> {
    const all = this.#steps;
    this.#steps = new OwnSteps(this.#loaded.subject.progress);
    const scenarios = [...enumerate(scope, this.#loaded.subject.features ?? {})];
    const what = `${describeScope(scope)}, any of them stopped at any step: ${stopped.map(({ purpose }) => purpose).join(', ')}`;
    yield* this.#explorePhase('progress', what, scenarios, scenarios.length, true, () => new Dpor(this.#stepLimit, 31), undefined, stopped, () => {
      // Each of the threads that go on is in at most one operation, and no operation takes more than `most`.
      const most = Math.max(...Object.values(this.#steps.most()));
      return `no ${scope.threads * most + 1} accesses in a row without an operation that ends; exhaustive in this scope, no proof beyond it`;
    });
    all.merge(this.#steps);
    this.#steps = all;
  }

  report(): SubjectReport {
    const planned = this.#phases.filter(({ plannedExhaustive }) => plannedExhaustive);
    const exhausted = planned.length > 0 && planned.every((phase) => phase.exhausted);
    const coverage: Coverage = { ...this.#counts, exhausted, modelTransitions: this.#models.coverage(), stepsMax: this.#steps.most(), progress: this.#steps.seen() };
    const complete = !this.#cut && planned.every((phase) => phase.exhausted) && this.#counts.incomplete === 0 && this.#counts.executions > 0;
    const verdict: Verdict = this.#violations.length > 0 ? 'violated' : complete ? 'held' : 'inconclusive';
    const broken = new Set(this.#violations.flatMap(({ invariant, alsoBroken }) => [invariant, ...alsoBroken]));
    const held = invariants.filter(({ id }) => !broken.has(id) && (this.#judged.has(id) || !optional.includes(id)));
    return {
      name: this.#loaded.subject.name, module: this.#loaded.module, verdict, coverage, phases: this.#phases, violations: this.#violations,
      invariantsHeld: held.length, notes: this.#notes,
    };
  }

  get #judging(): JudgeOptions {
    const { judge = judgeDefaults, invariants: only } = this.#plan;
    return only.length === 0 ? judge : { ...judge, only };
  }

  get #stepLimit(): number {
    return this.#judging.stepsMax;
  }

  *#sampled(scope: Scope, scenarios: number, seed: number): Generator<Scenario> {
    const arbitrary = arbitraryScenario(scope, this.#loaded.subject.features ?? {});
    const batch = 50;
    for (let done = 0; done < scenarios; done += batch) {
      yield* fc.sample(arbitrary, { seed: mixed(seed, done), numRuns: Math.min(batch, scenarios - done) });
    }
  }

  /**
   * Explores scenarios one after the other. With `sample`, each gets that many executions of the reduced search, and if those do not
   * exhaust it, as many random walks.
   */
  *#explorePhase(
    strategy: Phase['strategy'], scope: string, scenarios: Iterable<Scenario>, total: number | undefined, plannedExhaustive: boolean,
    scheduler: (again: boolean) => Scheduler, sample?: number, stopped: readonly Stopped[] = [], establishes?: () => string,
  ): Generator<CheckEvent, void> {
    const started = this.#context.now();
    const before = { ...this.#counts };
    const violations = this.#violations.length;
    let exhausted = true;
    const beat = this.#heartbeat(() => ({
      kind: 'progress', subject: this.#loaded.subject.name, phase: `${strategy}: ${scope}`, total,
      scenarios: this.#counts.scenarios - before.scenarios, executions: this.#counts.executions - before.executions,
    }));
    for (const scenario of scenarios) {
      if (this.isOver()) {
        exhausted = false;
        break;
      }
      this.#counts.scenarios++;
      const budget = sample ?? this.#plan.executionsMax;
      const ended = stopped.length > 0 ? yield* this.#withStopped(scenario, stopped, scheduler, budget, beat) : yield* this.#scenario(this.#judgeOf(scenario), scheduler(false), budget, beat);
      if (ended === 'cut') {
        exhausted = false;
        if (sample !== undefined) yield* this.#scenario(this.#judgeOf(scenario), scheduler(true), budget, beat);
      }
      yield* beat();
    }
    const incomplete = this.#counts.incomplete > before.incomplete;
    const violated = this.#violations.length > violations;
    const note = this.#cut ? 'cut short' : plannedExhaustive && !exhausted && !violated ? `more than ${this.#plan.executionsMax} executions of one scenario` : incomplete ? 'some executions reached the limit of steps' : '';
    const report: PhaseReport = {
      strategy, scope, plannedExhaustive, exhausted: exhausted && !incomplete, violated, note, durationMs: this.#context.now() - started,
      scenarios: this.#counts.scenarios - before.scenarios, executions: this.#counts.executions - before.executions,
      ...(establishes === undefined || violated || !exhausted || incomplete ? {} : { established: establishes() }),
    };
    this.#phases.push(report);
    yield { kind: 'phase', subject: this.#loaded.subject.name, report };
  }

  /** Gives an event five times a second: the one who asks for events is then also the one who can stop. */
  #heartbeat(event: () => CheckEvent): () => Generator<CheckEvent, void> {
    let last = this.#context.now();
    const { now } = this.#context;
    return function* () {
      if (now() - last < 200) return;
      last = now();
      yield event();
    };
  }

  /** One scenario with threads stopped for ever, in every way. */
  *#withStopped(scenario: Scenario, stopped: readonly Stopped[], scheduler: (again: boolean) => Scheduler, budget: number, beat: () => Generator<CheckEvent, void>): Generator<CheckEvent, 'done' | 'cut'> {
    const ways = variants(this.#loaded, scenario, stopped);
    for (let way = ways.next(false); way.done !== true; ) {
      const judge = this.#judgeOf(way.value.scenario, way.value);
      if ((yield* this.#scenario(judge, scheduler(false), budget, beat)) === 'cut') return 'cut';
      if (this.isOver()) return 'done';
      for (const id of rulesOf[way.value.purpose]) this.#judged.add(id);
      way = ways.next(judge.crash?.reached === true);
    }
    return 'done';
  }

  #judgeOf(scenario: Scenario, { crashes, purpose }: Partial<Variant> = {}): ScenarioJudge {
    const options = { ...this.#judging, ...(crashes === undefined ? {} : { crashes }), ...(purpose === undefined ? {} : { purpose }) };
    return new ScenarioJudge(this.#loaded, scenario, this.#models, options, this.#steps);
  }

  /** Runs one scenario; `cut` when executions were left. */
  *#scenario(judge: ScenarioJudge, scheduler: Scheduler, budget: number, beat: () => Generator<CheckEvent, void>): Generator<CheckEvent, 'done' | 'cut'> {
    const { execution, prefixFinding, scenario } = judge;
    if (prefixFinding !== undefined || execution === undefined) {
      if (prefixFinding !== undefined) yield* this.#violated({ scenario, decisions: [], finding: prefixFinding });
      return 'done';
    }
    let executions = 0;
    for (const ending of explore(execution, scheduler)) {
      if (this.#cut || executions === budget) {
        this.#keep(judge);
        return 'cut';
      }
      this.#count(ending, execution.depth);
      const found = judge.judge(ending);
      if (found !== undefined) {
        yield* this.#violated({ scenario, decisions: Array.from(execution.thread.subarray(0, execution.depth)), finding: found, ...judge.stopped });
        break;
      }
      executions++;
      if ((executions & 0x3f) !== 0) continue;
      yield* beat();
      if (this.#context.stop()) this.#cut = true;
    }
    if (this.#context.stop()) this.#cut = true;
    this.#keep(judge);
    return 'done';
  }

  #keep(judge: ScenarioJudge): void {
    for (const id of judge.judged) this.#judged.add(id);
  }

  #count(ending: Ending, steps: number): void {
    if (ending === 'complete') this.#counts.executions++;
    else this.#counts[ending]++;
    this.#counts.steps += steps;
  }

  /** Shrinks a failure, unless one of the same invariant and layer was found before, and keeps it. */
  *#violated(failure: Failure): Generator<CheckEvent, void> {
    const { invariant, layer } = failure.finding;
    const same = `${invariant} ${layer}`;
    if (this.#seen.has(same) || !counts(invariant, this.#judging)) return;
    this.#seen.add(same);
    const subject = this.#loaded.subject.name;
    yield { kind: 'violation', subject, invariant };
    const options = { executionsMax: this.#plan.shrinkExecutions, judge: this.#judging, stop: this.#context.stop };
    const shrinking = shrink(this.#loaded, failure, options);
    let step = shrinking.next();
    while (step.done !== true) {
      yield { kind: 'shrinking', subject, ...step.value };
      step = shrinking.next();
    }
    this.#violations.push(counterexampleOf(this.#loaded, failure, step.value, options.judge));
  }
}

/** A second seed out of a first one and a number (splitmix32's finalizer). */
function mixed(seed: number, salt: number): number {
  let x = (seed ^ Math.imul(salt + 1, 0x9e37_79b9)) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0_aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a_2d97);
  return (x ^ (x >>> 15)) | 0;
}

/** A stream of numbers in [0, 1) out of a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
