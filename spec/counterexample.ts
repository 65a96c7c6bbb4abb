import type { State } from '../model/index.ts';
import type { Geometry, ObservedFrame } from './contract.ts';
import type { CrashPurpose } from './crash-judge.ts';
import { printSchedule, scheduleOf, threadName, type Decision } from './decision.ts';
import { isMemory, Op, opNames } from './explore/access.ts';
import { Divergence, type Crash, type Execution } from './explore/execution.ts';
import { Replay } from './explore/replay.ts';
import { explore, type Ending } from './explore/scheduler.ts';
import { staleMost } from './explore/stale-reads.ts';
import { threadOf, writeOf } from './explore/turn.ts';
import { threw } from './history.ts';
import type { Finding, InvariantId } from './invariants.ts';
import { describeOperation } from './linearizability.ts';
import { Models } from './models.ts';
import type { Observed } from './refinement.ts';
import type { Counterexample, StateRow, TraceStep, ViolationReport } from './report.ts';
import { ScenarioJudge, type JudgeOptions } from './scenario-judge.ts';
import { commandCount, type Scenario } from './scenario.ts';
import { waitingNote } from './stalls.ts';
import type { LoadedSubject } from './subject.ts';
import { printReplay, printScenario } from './token.ts';

/** A scenario, the turns along which it fails (turn.ts), and what was found. */
export interface Failure {
  readonly scenario: Scenario;
  /** The turn of each step. */
  readonly decisions: readonly number[];
  readonly finding: Finding;
  /** Threads that stop for ever, and what the execution was judged for. */
  readonly crashes?: readonly Crash[];
  readonly purpose?: CrashPurpose;
}

export interface Shrunk {
  readonly failure: Failure;
  /** No single reduction fails in the same way any more, each of them explored to its end. */
  readonly minimal: boolean;
  /** Reductions tried. */
  readonly tried: number;
}

/** One execution of a scenario along given turns, judged by every layer. */
export interface Replayed {
  readonly judge: ScenarioJudge;
  readonly ending: Ending;
  /** The earliest layer's first. */
  readonly findings: readonly Finding[];
  readonly observed: Observed;
  readonly state: State | undefined;
  /** The step at which the turns could not be followed, or −1. */
  readonly strayed: number;
}

/** Whether a hint is read stale in one of the turns. */
export const readsStale = (turns: readonly number[]): boolean => turns.some((turn) => writeOf(turn) >= 0);

/** Hints may be stale where one is. */
const asRead = (turns: readonly number[], options: JudgeOptions): JudgeOptions => (readsStale(turns) ? { ...options, staleMost } : options);

/** `timeouts`, if it is known: the steps that are the timeout of a wait. */
export function replay(loaded: LoadedSubject, { scenario, decisions: turns, crashes, purpose }: Omit<Failure, 'finding'>, options: JudgeOptions, timeouts?: ReadonlySet<number>): Replayed {
  const reading = asRead(turns, options);
  const stopping = crashes === undefined ? reading : { ...reading, crashes, purpose: purpose ?? 'crash' };
  const judge = new ScenarioJudge(loaded, scenario, new Models(), stopping);
  if (judge.execution === undefined) {
    return { judge, ending: 'incomplete', findings: judge.prefixFinding === undefined ? [] : [judge.prefixFinding], observed: {}, state: undefined, strayed: -1 };
  }
  const scheduler = new Replay(turns, timeouts);
  const ending = explore(judge.execution, scheduler).next().value as Ending;
  const first = judge.judge(ending);
  const { findings, quiescent } = judge.judgeFully(ending);
  const ordered = first === undefined ? findings : [first, ...findings.filter(({ invariant }) => invariant !== first.invariant)];
  return { judge, ending, findings: ordered, observed: quiescent?.observed ?? {}, state: quiescent?.model, strayed: scheduler.strayed };
}

/** Switches away from a thread that could have gone on, and did not stand where it may have to wait. */
export function countPreemptions(turns: readonly number[], execution: Execution): number {
  let preemptions = 0;
  execution.rewind(0);
  turns.forEach((turn, at) => {
    const last = at === 0 ? -1 : threadOf(turns[at - 1] as number);
    if (last >= 0 && last !== threadOf(turn) && execution.isPreemptible(last)) preemptions++;
    execution.step(turn);
  });
  return preemptions;
}

export function preemptionsOf({ scenario, decisions, crashes = [] }: Failure, loaded: LoadedSubject, options: JudgeOptions): number {
  const { execution } = new ScenarioJudge(loaded, scenario, new Models(), { ...asRead(decisions, options), crashes });
  return execution === undefined ? 0 : countPreemptions(decisions, execution);
}

/** How often a counterexample must fail in the same way before it is told: what differs from run to run is no finding. */
const timesAgain = 8;

/** The report of a failure as it was found and as it was left by shrinking. */
export function counterexampleOf(loaded: LoadedSubject, original: Failure, { failure, minimal, tried }: Shrunk, options: JudgeOptions): ViolationReport {
  const replayed = replay(loaded, failure, options);
  const { invariant, layer, message, step } = failure.finding;
  for (let again = 0; again < timesAgain; again++) {
    const { findings, judge } = again === 0 ? replayed : replay(loaded, failure, options);
    if (!findings.some((found) => found.invariant === invariant)) throw new Divergence(judge.execution?.depth ?? 0, `a violation of ${invariant} was not there when the same steps were run again`);
  }
  const also = replayed.findings.map((found) => found.invariant).filter((id) => id !== invariant);
  return {
    invariant, layer, message,
    alsoBroken: [...new Set<InvariantId>(also)],
    step: step === undefined ? null : step + 1,
    counterexample: describeReplay(loaded, failure, replayed, options),
    shrink: {
      from: { commands: commandCount(original.scenario), steps: original.decisions.length, preemptions: preemptionsOf(original, loaded, options) },
      minimal, tried,
    },
    replay: `frameproof replay '${printReplay({ subject: loaded.module, scenario: failure.scenario, schedule: decisionsOf(failure.decisions, replayed.judge.execution) })}'`,
  };
}

export function describeReplay(loaded: LoadedSubject, failure: Failure, replayed: Replayed, options: JudgeOptions): Counterexample {
  return {
    scenario: printScenario(failure.scenario),
    schedule: printSchedule(decisionsOf(failure.decisions, replayed.judge.execution)),
    commands: commandCount(failure.scenario),
    steps: failure.decisions.length,
    preemptions: preemptionsOf(failure, loaded, options),
    trace: replayed.judge.execution === undefined ? [] : traceOf(loaded, replayed.judge),
    stops: (failure.crashes ?? []).flatMap(({ thread, steps }) => (replayed.judge.execution?.count[thread] === steps ? [replayed.judge.execution.position(thread, steps - 1) + 1] : [])),
    state: replayed.state === undefined ? [] : compare(replayed.state, replayed.observed, failure.scenario.geometry),
  };
}

/** Turns as decisions; the execution, just run along them, tells which of them was a timeout, and who stopped for ever. */
export const decisionsOf = (turns: readonly number[], execution: Execution | undefined): Decision[] =>
  scheduleOf(turns, (at) => execution !== undefined && at < execution.depth && execution.op[at] === Op.wake && execution.value[at] === 1, execution?.limits.crashes);

function traceOf(loaded: LoadedSubject, judge: ScenarioJudge): TraceStep[] {
  const execution = judge.execution as Execution;
  const calls = judge.history().calls;
  const current: (string | undefined)[] = [];
  let next = 0;
  return Array.from({ length: execution.depth }, (_, at) => {
    const thread = execution.thread[at] as number;
    const op = execution.op[at] as number;
    const called = op === Op.invoke && (execution.value[at] as number) >= 0;
    const call = called ? calls[next++] : undefined;
    if (op === Op.invoke) current[thread] = call === undefined ? '(not called: its run was never allocated)' : describeOperation(call.operation);
    const cell = execution.cell[at] as number;
    const site = loaded.sites[execution.site[at] as number];
    const memory = isMemory(op);
    const waited = op === Op.wait || op === Op.wake || op === Op.notify;
    return {
      step: at + 1, thread: threadName(thread), operation: current[thread] ?? '', access: opNames[op] as string,
      cell: memory || waited ? `${execution.cells.buffer[cell]}:${execution.cells.offset[cell]}` : '',
      before: memory ? Number(execution.before[at]) : null,
      after: memory ? Number(execution.after[at]) : op === Op.return && execution.value[at] !== threw ? (execution.value[at] as number) : null,
      file: site?.file ?? '', line: site?.line ?? 0, column: site?.column ?? 0, text: site?.text ?? '',
      note: waitingNote(execution, at) || staleNote(execution, at),
    };
  });
}

/** Of a stale read: the step that had overwritten what it gives. */
function staleNote({ stale, wrote, cell }: Execution, at: number): string {
  const write = stale[at] as number;
  if (write < 0) return '';
  const writes = Array.from(wrote.subarray(0, at).keys()).filter((earlier) => wrote[earlier] === 1 && cell[earlier] === cell[at]);
  return `stale: step ${(writes[write] as number) + 1} had overwritten it`;
}

/** Model against memory when nothing runs. */
function compare(state: State, { frames, framesFree, pressure }: Observed, { firstFrame, frames: count }: Geometry): StateRow[] {
  const row = (what: string, model: string, implementation: string): StateRow => ({ what, model, implementation, differs: model !== implementation });
  const rows: StateRow[] = [];
  if (frames !== undefined) {
    const shown = (frame: ObservedFrame | undefined): string => (typeof frame === 'object' ? 'free' : (frame ?? 'missing'));
    const meant = (at: number): string => (state.frame(firstFrame + at) === 'cached' ? 'free' : state.frame(firstFrame + at));
    for (const kind of ['free', 'allocated', 'reserved', 'isolated', 'offline', 'missing']) {
      const ours = ranges(count, firstFrame, (at) => meant(at) === kind);
      const theirs = ranges(count, firstFrame, (at) => shown(frames[at]) === kind);
      if (ours !== '–' || theirs !== '–') rows.push(row(kind, ours, theirs));
    }
  }
  if (framesFree !== undefined) rows.push(row('frames free', String(state.framesFree), String(framesFree)));
  if (pressure !== undefined) rows.push(row('pressure', state.pressure, ['ok', 'low', 'min', 'critical'][pressure] ?? String(pressure)));
  return rows;
}

function ranges(count: number, first: number, holds: (at: number) => boolean): string {
  const found: string[] = [];
  for (let at = 0; at < count; at++) {
    if (!holds(at)) continue;
    const start = at;
    while (at + 1 < count && holds(at + 1)) at++;
    found.push(start === at ? String(first + start) : `${first + start}–${first + at}`);
  }
  return found.length === 0 ? '–' : found.join(', ');
}
