import type { Model, State } from '../model/index.ts';
import type { PressureLevel } from './contract.ts';
import { CrashJudge, type CrashPurpose } from './crash-judge.ts';
import { threadName } from './decision.ts';
import { Op } from './explore/access.ts';
import { Execution, type Crash } from './explore/execution.ts';
import { runAtOnce } from './explore/link.ts';
import type { Ending } from './explore/scheduler.ts';
import { NeverEnds } from './explore/waiting.ts';
import { Histories, threw } from './history.ts';
import { finding, type Finding, type InvariantId } from './invariants.ts';
import { describeOperation, linearize } from './linearizability.ts';
import type { Models } from './models.ts';
import { OwnSteps, type StepsTable } from './own-steps.ts';
import { judgeOwnership } from './ownership.ts';
import { judgePolicy } from './policy.ts';
import { pressuresOf } from './pressure.ts';
import { judgeRaces } from './races.ts';
import { examine, type Quiescent } from './refinement.ts';
import type { Scenario } from './scenario.ts';
import { ScenarioProgram } from './scenario-program.ts';
import { judgeBlocked, judgeEndless, unmarkedSpin } from './stalls.ts';
import type { LoadedSubject } from './subject.ts';

export interface JudgeOptions {
  /** Events of one execution, at most. */
  readonly stepsMax: number;
  /** Whether a return and another thread's invocation are dependent; see {@link Execution}. */
  readonly intervals: boolean;
  /** Only findings of these invariants count; left out: all. */
  readonly only?: readonly string[];
  /** Threads that stop for ever, and what executions with them are judged for (default: crash). */
  readonly crashes?: readonly Crash[];
  readonly purpose?: CrashPurpose;
  /** Times that a thread may read an older write at one place; left out: hints give what was written last. */
  readonly staleMost?: number;
}

export const counts = (invariant: string, { only }: JudgeOptions): boolean => only === undefined || only.includes(invariant);

export const judgeDefaults: JudgeOptions = { stepsMax: 2000, intervals: true };

/** What a history alone decides; executions with one history share it. */
interface HistoryVerdict {
  readonly id: number;
  readonly finding: Finding | undefined;
  readonly policy: Finding | undefined;
  readonly finals: readonly State[];
  readonly pressures: ReadonlySet<PressureLevel> | undefined;
}

/** What a model took to judge something that is kept. */
interface Kept<Verdict> {
  readonly verdict: Verdict;
  readonly taken: readonly string[];
}

/** What was seen in a part of a scenario's executions. */
export interface Seen {
  readonly judged: readonly InvariantId[];
  readonly steps: StepsTable;
  /** For {@link Model.note}. */
  readonly taken: readonly string[];
  /** What hindered the search. */
  readonly notes: readonly string[];
}

/** One scenario on one subject, ready to be run and judged: all layers, each told only what it may see. */
export class ScenarioJudge {
  readonly scenario: Scenario;
  readonly model: Model;
  /** Undefined when the prefix alone is already wrong. */
  readonly execution: Execution | undefined;
  /** What is wrong before any thread runs. */
  readonly prefixFinding: Finding | undefined;
  /** Invariants that need something of the subject which this scenario had. */
  readonly judged = new Set<InvariantId>();
  /** Own accesses of operations. */
  readonly steps: OwnSteps;
  /** Judges instead of the layers where threads are stopped for ever. */
  readonly crash: CrashJudge | undefined;
  /** What hindered the search. */
  readonly notes = new Set<string>();
  readonly #loaded: LoadedSubject;
  readonly #program: ScenarioProgram | undefined;
  readonly #initial: State;
  readonly #histories: Histories;
  readonly #byHistory = new Map<string, Kept<HistoryVerdict>>();
  readonly #byMemory = new Map<string, Kept<Quiescent>>();
  /** Transitions of the model that judging the prefix took, and that judging what was met since took. */
  readonly #byPrefix: readonly string[];
  readonly #met = new Set<Kept<unknown>>();
  readonly #hints: readonly ArrayBufferView[];
  readonly #options: JudgeOptions;

  constructor(loaded: LoadedSubject, scenario: Scenario, models: Models, options: JudgeOptions = judgeDefaults) {
    this.#loaded = loaded;
    this.#options = options;
    this.scenario = scenario;
    this.model = models.for(loaded.subject, scenario.geometry);
    this.#histories = new Histories(scenario);
    let state = this.model.initial;
    let program: ScenarioProgram | undefined;
    let wrong: Finding | undefined;
    try {
      program = new ScenarioProgram(loaded.subject, scenario);
      [state, wrong] = this.#judgePrefix(program);
    } catch (error) {
      if (!(error instanceof NeverEnds)) throw error;
      wrong = finding('FP-PRG-1', error.message);
    }
    this.#program = program;
    this.#byPrefix = this.model.recent();
    this.#initial = state;
    this.prefixFinding = wrong;
    this.#hints = program === undefined ? [] : (runAtOnce(loaded.subject.hints?.(program.shared)) ?? []);
    this.execution = wrong === undefined && program !== undefined ? new Execution(program, options) : undefined;
    this.steps = new OwnSteps(loaded.subject.progress);
    const { crashes = [], purpose = 'crash' } = options;
    this.crash = crashes.length === 0 || program === undefined ? undefined : new CrashJudge({ loaded, scenario, program, model: this.model, initial: state, crashes, purpose });
  }

  /** Which threads stop for ever, and what for. */
  get stopped(): Pick<JudgeOptions, 'crashes' | 'purpose'> {
    const { crashes, purpose } = this.#options;
    return { ...(crashes === undefined ? {} : { crashes }), ...(purpose === undefined ? {} : { purpose }) };
  }

  /** What was seen since this was last asked. */
  seen(): Seen {
    const seen = { judged: [...this.judged], steps: this.steps.table(), taken: [...new Set([...this.#byPrefix, ...[...this.#met].flatMap(({ taken }) => taken)])], notes: [...this.notes] };
    this.judged.clear();
    this.notes.clear();
    this.#met.clear();
    this.steps.clear();
    return seen;
  }

  /** The earliest layer's finding about the execution that just ended, of those that count. */
  judge(ending: Ending): Finding | undefined {
    if (ending === 'redundant') return undefined;
    const slow = ending === 'complete' ? this.steps.count(this.execution as Execution, this.scenario.threads) : undefined;
    const first = this.#first(ending) ?? slow;
    if (first === undefined || counts(first.invariant, this.#options)) return first;
    return this.judgeFully(ending).findings.find(({ invariant }) => counts(invariant, this.#options));
  }

  #first(ending: Ending): Finding | undefined {
    const execution = this.execution as Execution;
    const race = judgeRaces(execution, this.#isHint);
    if (race !== undefined) return race;
    if (this.crash !== undefined) return this.#crashed(ending);
    if (ending === 'incomplete') return this.#endless(execution);
    if (ending === 'blocked') return judgeBlocked(execution, this.#loaded.sites);
    const verdict = this.#historyVerdict(execution);
    return verdict.finding ?? this.#quiescent(execution, verdict).finding ?? verdict.policy;
  }

  /** The findings of all layers about the execution that just ended, and what the memory shows. */
  judgeFully(ending: Ending): { findings: Finding[]; quiescent: Quiescent | undefined } {
    const execution = this.execution as Execution;
    const findings: Finding[] = [];
    const add = (found: Finding | undefined): void => {
      if (found !== undefined && !findings.some(({ invariant }) => invariant === found.invariant)) findings.push(found);
    };
    add(judgeRaces(execution, this.#isHint));
    if (this.crash !== undefined) {
      add(this.#crashed(ending));
      return { findings, quiescent: undefined };
    }
    if (ending === 'complete') add(new OwnSteps(this.#loaded.subject.progress).count(execution, this.scenario.threads));
    if (ending === 'blocked') add(judgeBlocked(execution, this.#loaded.sites));
    if (ending === 'incomplete') add(this.#endless(execution));
    if (ending !== 'complete') return { findings, quiescent: undefined };
    const verdict = this.#historyVerdict(execution);
    add(verdict.finding);
    const history = this.#histories.history(execution);
    const linearizations = history.calls.some(({ response }) => response === threw) ? undefined : linearize(history, this.model, this.#initial);
    if (linearizations?.ok === false) add(linearizations.finding);
    const quiescent = this.#quiescent(execution, verdict);
    add(quiescent.finding);
    add(verdict.policy);
    return { findings, quiescent };
  }

  #crashed(ending: Ending): Finding | undefined {
    const execution = this.execution as Execution;
    return this.crash?.judge(execution, ending, () => this.#histories.history(execution), this.#histories.key(execution));
  }

  /** A history that fits no order is still a history: for a report, the calls as they went. */
  history() {
    return this.#histories.history(this.execution as Execution);
  }

  #judgePrefix(program: ScenarioProgram): [State, Finding | undefined] {
    let state = this.model.initial;
    for (const { operation, response } of program.prefixCalls) {
      if (response === threw) {
        const why = [...program.thrown].find(([place]) => place.startsWith('prefix'))?.[1] ?? 'gave no answer';
        return [state, finding('FP-EXC-1', `${describeOperation(operation)} of the prefix ${why}`)];
      }
      const step = this.model.step(state, operation, response, 'alone');
      if (!step.ok) return [state, finding(step.rule as Finding['invariant'], `${describeOperation(operation)} → ${response}, alone in the prefix: ${step.reason}`)];
      state = step.state;
    }
    return [state, undefined];
  }

  #historyVerdict(execution: Execution): HistoryVerdict {
    const key = this.#histories.key(execution);
    return this.#kept(this.#byHistory, key, () => this.#judgeHistory(execution, this.#byHistory.size));
  }

  #kept<Verdict>(verdicts: Map<string, Kept<Verdict>>, key: string, judge: () => Verdict): Verdict {
    let kept = verdicts.get(key);
    if (kept === undefined) {
      this.model.recent();
      kept = { verdict: judge(), taken: this.model.recent() };
      verdicts.set(key, kept);
    }
    this.#met.add(kept);
    return kept.verdict;
  }

  #judgeHistory(execution: Execution, id: number): HistoryVerdict {
    const program = this.#program as ScenarioProgram;
    const history = this.#histories.history(execution);
    const wrong = (found: Finding): HistoryVerdict => ({ id, finding: this.#placed(found, execution), policy: undefined, finals: [], pressures: undefined });
    const failed = history.calls.find(({ response }) => response === threw);
    if (failed !== undefined) {
      const why = program.thrown.get(`${failed.thread} ${failed.command}`) ?? 'gave no answer';
      return wrong(finding('FP-EXC-1', `${threadName(failed.thread)}: ${describeOperation(failed.operation)} ${why}`, failed.returned));
    }
    const owned = judgeOwnership(history, program.prefixCalls, this.scenario.geometry);
    if (owned !== undefined) return wrong(owned);
    const linearizations = linearize(history, this.model, this.#initial);
    if (!linearizations.ok) return wrong(linearizations.finding);
    // Only what ran with nobody beside it: the prefix, and the thread of a scenario that has no other.
    const alone = [...program.prefixCalls, ...(this.scenario.threads.length === 1 ? history.calls : [])];
    return { id, finding: undefined, policy: judgePolicy(this.#loaded.subject, this.model, alone), finals: linearizations.finals, pressures: pressuresOf(history, this.#initial, this.scenario.geometry) };
  }

  /** Judges of histories count invocations and returns; a trace counts events. */
  #placed(found: Finding, execution: Execution): Finding {
    let position = -1;
    for (let at = 0; at < execution.depth; at++) {
      const op = execution.op[at];
      const called = op === Op.invoke ? (execution.value[at] as number) >= 0 : op === Op.return;
      if (called) position++;
      if (position === found.step) return { ...found, step: at };
    }
    return found;
  }

  #quiescent(execution: Execution, verdict: HistoryVerdict): Quiescent {
    const key = `${verdict.id} ${execution.image()}`;
    const quiescent = this.#kept(this.#byMemory, key, () => this.#examined(execution, verdict));
    if (quiescent.observed.frames !== undefined) this.judged.add('FP-REF-1');
    if (quiescent.observed.framesFree !== undefined) this.judged.add('FP-CNT-1');
    if (quiescent.observed.pressure !== undefined) this.judged.add('FP-WMK-1');
    if ((this.#loaded.subject.policy ?? []).length > 0) this.judged.add('FP-POL-1');
    return quiescent;
  }

  #examined(execution: Execution, verdict: HistoryVerdict): Quiescent {
    try {
      const { subject } = this.#loaded;
      return execution.alone(examine(subject, this.#program as ScenarioProgram, this.scenario.geometry, this.model, verdict.finals, verdict.pressures), true);
    } catch (error) {
      if (!(error instanceof NeverEnds)) throw error;
      return { finding: finding('FP-PRG-1', `asked alone at the end, an operation ${error.message}`), observed: {}, model: verdict.finals[0] };
    }
  }

  /** An execution that was cut off; where it merely spins is noted. */
  #endless(execution: Execution): Finding | undefined {
    const spin = unmarkedSpin(execution, this.#loaded.sites);
    if (spin !== undefined) this.notes.add(spin);
    return judgeEndless(execution, this.#loaded.sites, this.#options.stepsMax);
  }

  readonly #isHint = (cell: number): boolean => {
    const { cells } = this.execution as Execution;
    return this.#hints.some((view) => {
      const offset = cells.offset[cell] as number;
      return cells.bufferNumber(view.buffer) === cells.buffer[cell] && offset >= view.byteOffset && offset < view.byteOffset + view.byteLength;
    });
  };
}

