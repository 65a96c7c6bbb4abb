import fc from 'fast-check';
import type { CheckState, Found } from './check-state.ts';
import { counterexampleOf } from './counterexample.ts';
import { stoppedIn } from './crashes.ts';
import { handOut, type Crew } from './crew.ts';
import { mode } from './explore/access.ts';
import { Divergence } from './explore/execution.ts';
import { staleMost } from './explore/stale-reads.ts';
import { SubjectError } from './explore/subject-error.ts';
import { Frontier, type Task, type Told } from './frontier.ts';
import { arbitraryScenario, enumerate } from './generate.ts';
import { OwnSteps } from './own-steps.ts';
import { isExhaustive, type Phase } from './plan.ts';
import type { PhaseReport, Shard, SubjectReport, Verdict, ViolationReport } from './report.ts';
import { counts, judgeDefaults, type JudgeOptions } from './scenario-judge.ts';
import type { Scenario } from './scenario.ts';
import { describeScope, within, type Scope } from './scope.ts';
import { mixed } from './seeds.ts';
import { shrink } from './shrink.ts';
import { Reached, type SampledPhase } from './reached.ts';
import type { Search } from './search.ts';
import { Explorer, sliceRuns, type ScenarioSlice, type ScenarioWork } from './slice.ts';
import type { LoadedSubject } from './subject.ts';
import { heldOf, Tally } from './tally.ts';

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
  /** Left out: all scenarios. */
  readonly shard?: Shard;
}

/** What the outside lends: whether to stop, a clock in milliseconds, and threads that explore, if there are others than this one. */
export interface CheckContext {
  readonly stop: () => boolean;
  readonly now: () => number;
  readonly crew?: Crew<ScenarioWork, ScenarioSlice>;
  /** Where an earlier check of the same plan was stopped. */
  readonly from?: CheckState;
}

export type CheckEvent =
  | { readonly kind: 'progress'; readonly subject: string; readonly phase: string; readonly scenarios: number; readonly executions: number; readonly total: number | undefined;
      /** How much of the scenario under way is left, of 1, by a guess. */
      readonly left: number }
  /** Nothing to do here until the crew has done something. */
  | { readonly kind: 'wait' }
  /** Stopped before the plan's end: a check with this state goes on. */
  | { readonly kind: 'stopped'; readonly state: CheckState }
  | { readonly kind: 'phase'; readonly subject: string; readonly report: PhaseReport }
  | { readonly kind: 'violation'; readonly subject: string; readonly invariant: string }
  | { readonly kind: 'shrinking'; readonly subject: string; readonly commands: number; readonly tried: number };

/** Judges one subject: generated scenarios, their executions, judgements, and what was found, shrunk. */
export function* check(loaded: LoadedSubject, plan: CheckPlan, context: CheckContext): Generator<CheckEvent, SubjectReport> {
  const run = new CheckRun(loaded, plan, context);
  try {
    if (plan.scenarios.length > 0) yield* run.given(plan.scenarios);
    for (const [number, phase] of plan.phases.entries()) {
      if (run.isOver()) break;
      yield* run.phase(phase, number);
    }
    return yield* run.report();
  } finally {
    mode.live = false;
  }
}

class CheckRun {
  readonly #loaded: LoadedSubject;
  readonly #plan: CheckPlan;
  readonly #context: CheckContext;
  readonly #explorer: Explorer;
  readonly #tally: Tally;
  readonly #phases: PhaseReport[];
  readonly #violations: ViolationReport[];
  readonly #notes: string[] = [];
  /** Where an earlier check was stopped, until its phase has been gone on with. */
  #from: CheckState | undefined;
  #failing: Found | undefined;
  #state: CheckState | undefined;
  #numbers = 0;
  #cut = false;
  /** Whether a scenario had more executions, within what was planned of it, than it was allowed. */
  #beyond = false;

  constructor(loaded: LoadedSubject, plan: CheckPlan, context: CheckContext) {
    this.#loaded = loaded;
    this.#plan = plan;
    this.#context = context;
    this.#from = context.from;
    this.#explorer = new Explorer(loaded, this.#judging);
    this.#tally = new Tally(loaded.subject, context.from?.tally);
    this.#phases = [...(context.from?.phases ?? [])];
    this.#violations = [...(context.from?.violations ?? [])];
    if (plan.invariants.length > 0) this.#notes.push(`only ${plan.invariants.join(', ')} counts; violations of others are passed over`);
    if (loaded.packages.length > 0) this.#notes.push(`not explored: what ${loaded.packages.join(', ')} does to shared memory is not seen; import such a module by its path`);
    if (loaded.subject.observe === undefined) this.#notes.push('judged weakly: the subject has no observe(), so memory is compared with the model by its answers only');
  }

  isOver(): boolean {
    return this.#cut || this.#violations.length >= this.#plan.bail;
  }

  /** Scenarios that somebody named. */
  *given(scenarios: readonly Scenario[]): Generator<CheckEvent, void> {
    yield* this.#explorePhase(-1, { strategy: 'exhaustive' }, 'the given scenario', scenarios, scenarios.length, this.#everything);
  }

  *phase(phase: Phase, number: number): Generator<CheckEvent, void> {
    if (this.#from !== undefined && number < this.#from.phase) return;
    const { subject } = this.#loaded;
    const stopped = stoppedIn(phase, subject);
    if (stopped !== undefined && stopped.length === 0) return;
    if (phase.strategy === 'stale' && subject.hints === undefined) return;
    const scope = within(phase.scope, subject.limits, subject.features ?? {});
    if (typeof scope === 'string') {
      const report: PhaseReport = { strategy: phase.strategy, scope: describeScope(phase.scope), plannedExhaustive: false, exhausted: false, scenarios: 0, executions: 0, violated: false, durationMs: 0, claim: 'not run', note: `left out: ${scope}` };
      this.#phases.push(report);
      yield { kind: 'phase', subject: subject.name, report };
      return;
    }
    if (stopped !== undefined) {
      const scenarios = [...enumerate(scope, subject.features ?? {})];
      const what = phase.strategy === 'crash' ? `≤ ${Math.max(...stopped.map(({ most }) => most))} of them stopped at any step` : `any of them stopped at any step: ${stopped.map(({ purpose }) => purpose).join(', ')}`;
      yield* this.#explorePhase(number, phase, `${describeScope(scope)}, ${what}`, scenarios, scenarios.length, () => ({ kind: 'stopped', stopped, executionsMax: this.#plan.executionsMax }), scope.threads);
    } else if (phase.strategy === 'stale') {
      const scenarios = [...enumerate(scope, subject.features ?? {})];
      yield* this.#explorePhase(number, phase, `${describeScope(scope)}, hints read stale, each older value at most ${staleMost} times at a place`, scenarios, scenarios.length, () => ({ kind: 'exhaustive', stale: true }));
    } else if (phase.strategy === 'exhaustive' || phase.strategy === 'bounded') {
      const scenarios = [...enumerate(scope, subject.features ?? {})];
      const { executionsMax: runsMax } = this.#plan;
      const search = phase.strategy === 'exhaustive' ? this.#everything : (): Search => ({ kind: 'bounded', preemptions: phase.preemptions, runsMax });
      yield* this.#explorePhase(number, phase, describeScope(scope), scenarios, scenarios.length, search);
    } else if (phase.strategy !== 'crash' && phase.strategy !== 'progress') {
      const seed = mixed(this.#plan.seed, number);
      const scenarios = this.#sampled(scope, phase.scenarios, seed);
      const { scope: _scope, scenarios: _scenarios, strategy: _strategy, ...how } = phase;
      // A seed for each scenario, so that what is seen of one does not depend on who explores the others.
      const search = (place: number): Search => ({ kind: phase.strategy, ...how, seed: mixed(mixed(seed, 1), place) }) as Search;
      yield* this.#explorePhase(number, phase, describeScope(scope), scenarios, phase.scenarios, search);
    }
  }

  *report(): Generator<CheckEvent, SubjectReport> {
    if (this.#state !== undefined) yield { kind: 'stopped', state: this.#state };
    const planned = this.#phases.filter(({ plannedExhaustive }) => plannedExhaustive);
    const exhausted = planned.length > 0 && planned.every((phase) => phase.exhausted);
    const { totals, judged } = this.#tally;
    // Of a plan that was divided, a part may have no scenario at all.
    const some = totals.executions > 0 || (this.#plan.shard !== undefined && totals.scenarios === 0);
    const complete = !this.#cut && !this.#beyond && planned.every((phase) => phase.exhausted) && totals.incomplete === 0 && some;
    const verdict: Verdict = this.#violations.length > 0 ? 'violated' : complete ? 'held' : 'inconclusive';
    return {
      name: this.#loaded.subject.name, module: this.#loaded.module, verdict, coverage: this.#tally.coverage(exhausted), phases: this.#phases, violations: this.#violations,
      invariantsHeld: heldOf(this.#violations, judged), judged: [...judged].sort(), notes: [...this.#notes, ...this.#tally.notes],
    };
  }

  get #judging(): JudgeOptions {
    const { judge = judgeDefaults, invariants: only } = this.#plan;
    return only.length === 0 ? judge : { ...judge, only };
  }

  readonly #everything = (): Search => ({ kind: 'exhaustive' });

  *#sampled(scope: Scope, scenarios: number, seed: number): Generator<Scenario> {
    const arbitrary = arbitraryScenario(scope, this.#loaded.subject.features ?? {});
    const batch = 50;
    for (let done = 0; done < scenarios; done += batch) {
      yield* fc.sample(arbitrary, { seed: mixed(seed, done), numRuns: Math.min(batch, scenarios - done) });
    }
  }

  /** The scenarios of a phase that are this shard's. */
  *#planned(scenarios: Iterable<Scenario>, search: (place: number) => Search): Generator<ScenarioWork> {
    const { shard: { index, of } = { index: 1, of: 1 }, executionsMax } = this.#plan;
    let place = 0;
    for (const scenario of scenarios) {
      if (place % of === index - 1) {
        const how = search(place);
        const runs = how.kind === 'exhaustive' ? { runsFirst: Math.min(sliceRuns, executionsMax), runsEach: sliceRuns, runsMax: executionsMax } : { runsFirst: executionsMax, runsEach: 0, runsMax: Infinity };
        yield { place, scenario, search: how, ...runs };
      }
      place++;
    }
  }

  /** Explores the scenarios of a phase. */
  *#explorePhase(number: number, planned: Phase | { readonly strategy: 'exhaustive' }, scope: string, scenarios: Iterable<Scenario>, all: number, search: (place: number) => Search, threads = 0): Generator<CheckEvent, void> {
    if (this.#from !== undefined && number < this.#from.phase) return;
    const { totals } = this.#tally;
    const { strategy } = planned;
    const { index, of } = this.#plan.shard ?? { index: 1, of: 1 };
    const total = Math.ceil((all - index + 1) / of);
    const { within = { ...totals, violations: this.#violations.length, exhausted: true, reached: undefined, durationMs: 0, steps: {} }, frontier: state, failing } = this.#from ?? {};
    this.#from = undefined;
    const started = this.#context.now() - within.durationMs;
    const frontier = new Frontier(this.#planned(scenarios, search), () => this.#numbers++, state);
    const phase = { number, frontier, exhausted: within.exhausted, reached: new Reached(within.reached), steps: new OwnSteps(undefined, within.steps) };
    const beat = this.#heartbeat(() => ({
      kind: 'progress', subject: this.#loaded.subject.name, phase: `${strategy}: ${scope}`, total, left: frontier.left(),
      scenarios: totals.scenarios - within.scenarios, executions: totals.executions - within.executions,
    }));
    if (failing !== undefined) yield* this.#violated(failing);
    yield* this.#work(phase, beat);
    if (this.#cut) {
      const { exhausted } = phase;
      const failed = this.#failing === undefined ? {} : { failing: this.#failing };
      const violations = this.#violations.slice(0, this.#failing === undefined ? undefined : -1);
      this.#state = {
        phase: number, phases: [...this.#phases], violations, ...failed, tally: this.#tally.state(), frontier: frontier.state(),
        within: { scenarios: within.scenarios, executions: within.executions, incomplete: within.incomplete, violations: within.violations, exhausted, reached: phase.reached.state(), steps: phase.steps.table(), durationMs: this.#context.now() - started },
      };
      for (const told of frontier.tellRest()) yield* this.#tell(told, phase);
    }
    const incomplete = totals.incomplete > within.incomplete;
    const violated = this.#violations.length > within.violations;
    const plannedExhaustive = isExhaustive(strategy);
    const exhausted = plannedExhaustive && phase.exhausted && !this.#cut;
    const beyond = plannedExhaustive ? !exhausted : strategy === 'bounded' && !phase.reached.withinBound;
    const note = this.#cut ? 'cut short' : beyond && !violated ? `more than ${this.#plan.executionsMax} executions of one scenario` : incomplete ? 'some executions reached the limit of steps' : '';
    if (beyond) this.#beyond = true;
    const claim = violated ? 'violated' : plannedExhaustive ? (exhausted && !incomplete ? 'exhausted' : 'not exhausted') : this.#cut ? 'not finished' : phase.reached.claim(planned as SampledPhase);
    const report: PhaseReport = {
      strategy, scope, plannedExhaustive, exhausted: !incomplete && (plannedExhaustive ? exhausted : !violated && !this.#cut && claim === 'exhausted'), violated, claim, note, durationMs: this.#context.now() - started,
      scenarios: totals.scenarios - within.scenarios, executions: totals.executions - within.executions,
      // Each of the threads that go on is in at most one operation, and no operation takes more accesses than the most seen.
      ...(strategy === 'progress' && exhausted && !incomplete ? { unendingMost: threads * Math.max(...Object.values(phase.steps.most())) } : {}),
    };
    this.#phases.push(report);
    yield { kind: 'phase', subject: this.#loaded.subject.name, report };
  }

  /** Has the work of a phase done, here or by the crew, and hears of it in order. */
  *#work(phase: PhaseRun, beat: () => Generator<CheckEvent, void>): Generator<CheckEvent, void> {
    const { frontier } = phase;
    const { crew } = this.#context;
    for (let more = true; more && !this.isOver(); ) {
      if (crew === undefined) {
        const next = frontier.take();
        more = next !== undefined;
        if (next !== undefined) frontier.done(next.ticket, yield* this.#here(next.task, beat));
      } else {
        const given = handOut(frontier, crew);
        if (!given && !frontier.idle) yield { kind: 'wait' };
        for (const { ticket, slice } of crew.collect()) frontier.done(ticket, slice);
        more = given || !frontier.idle;
      }
      for (const told of frontier.tell()) {
        more = true;
        yield* this.#tell(told, phase);
        if (this.isOver()) break;
      }
      yield* beat();
      if (!this.isOver() && this.#context.stop()) this.#cut = true;
    }
    if (crew === undefined) return;
    crew.halt(true);
    while (!frontier.idle) {
      for (const { ticket, slice } of crew.collect()) frontier.done(ticket, slice);
      if (!frontier.idle) yield { kind: 'wait' };
    }
    crew.halt(false);
  }

  /** Runs a task in this thread. */
  *#here(task: Task<ScenarioWork>, beat: () => Generator<CheckEvent, void>): Generator<CheckEvent, ScenarioSlice> {
    const running = this.#explorer.slice(task);
    let step = running.next(false);
    while (step.done !== true) {
      yield* beat();
      step = running.next(this.#context.stop());
    }
    return step.value;
  }

  *#tell({ work: { scenario, place }, first, slice }: Told<ScenarioWork, ScenarioSlice>, phase: PhaseRun): Generator<CheckEvent, void> {
    if (slice === undefined || slice.failure !== undefined || slice.incomplete === true) phase.exhausted = false;
    if (slice === undefined) return;
    const { trouble, failure } = slice;
    if (trouble?.kind === 'diverged') throw new Divergence(trouble.step, trouble.message);
    if (trouble?.kind === 'subject') throw new SubjectError(trouble.message);
    this.#tally.add(slice, scenario.geometry, first);
    if (slice.reach !== undefined) phase.reached.add(slice.reach);
    phase.steps.add(slice.seen.steps);
    if (failure !== undefined) yield* this.#violated({ scenario, ...failure, place: { phase: phase.number + 1, scenario: place + 1 } });
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

  /** Shrinks a failure, unless one of the same invariant and layer was found before, and keeps it. */
  *#violated(found: Found): Generator<CheckEvent, void> {
    const { place, ...failure } = found;
    const { invariant, layer } = failure.finding;
    if (this.#violations.some((each) => each.invariant === invariant && each.layer === layer) || !counts(invariant, this.#judging)) return;
    const subject = this.#loaded.subject.name;
    yield { kind: 'violation', subject, invariant };
    const options = { executionsMax: this.#plan.shrinkExecutions, judge: this.#judging, stop: this.#context.stop };
    mode.live = true;
    const shrinking = shrink(this.#loaded, failure, options);
    let step = shrinking.next();
    while (step.done !== true) {
      yield { kind: 'shrinking', subject, ...step.value };
      step = shrinking.next();
    }
    this.#violations.push({ ...counterexampleOf(this.#loaded, failure, step.value, options.judge), place });
    if (!this.#context.stop()) return;
    this.#cut = true;
    this.#failing = found;
  }
}

interface PhaseRun {
  readonly number: number;
  readonly frontier: Frontier<ScenarioWork, ScenarioSlice>;
  readonly reached: Reached;
  readonly steps: OwnSteps;
  exhausted: boolean;
}
