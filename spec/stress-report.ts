import type { CheckPlan } from './check.ts';
import type { Features } from './contract.ts';
import { threadName } from './decision.ts';
import { threw, type HistoryCall } from './history.ts';
import type { InvariantId } from './invariants.ts';
import { describeOperation } from './linearizability.ts';
import type { PhaseReport, SubjectReport, TraceStep, ViolationReport } from './report.ts';
import type { StressFinding } from './stress-judge.ts';
import type { StressPlan } from './stress-load.ts';

/** What came of a stress run. */
export interface StressOutcome {
  readonly calls: number;
  readonly rounds: number;
  /** Answers OutOfMemory, each of them judged. */
  readonly outOfMemory: number;
  readonly found: StressFinding | undefined;
  /** It was stopped before all of its rounds were run. */
  readonly cut: boolean;
  readonly durationMs: number;
}

/** One stress run of a subject: what was planned and what came of it. */
export interface StressRunReport {
  readonly plan: StressPlan;
  readonly outcome: StressOutcome;
}

/** Whether it found something that counts. */
const isCounted = ({ found }: StressOutcome, only: readonly string[]): boolean => found !== undefined && (only.length === 0 || only.includes(found.finding.invariant));

const number = (value: number): string => value.toLocaleString('en-US');

/** `2 real threads, 1,000,000 operations in 2,000 rounds, 64 frames in chunks of 8`. */
export function describeStress({ geometry, opsPerThread, opsPerRound, noise }: StressPlan, { calls, rounds }: Pick<StressOutcome, 'calls' | 'rounds'>): string {
  const { workers, frames, chunkFrames } = geometry;
  const size = `${frames} frame${frames === 1 ? '' : 's'}${chunkFrames < frames ? ` in chunks of ${chunkFrames}` : ''}`;
  const planned = Math.ceil(opsPerThread / opsPerRound);
  return `${workers} real threads, ${number(calls)} operations in ${number(rounds)}${rounds < planned ? ` of ${number(planned)}` : ''} rounds, ${size}${noise === 0 ? '' : `, one access in ${noise} delayed`}`;
}

export function stressPhase({ plan, outcome }: StressRunReport, only: readonly string[]): PhaseReport {
  const id = outcome.found?.finding.invariant;
  return {
    strategy: 'stress', scope: describeStress(plan, outcome), plannedExhaustive: false, exhausted: false, scenarios: 0, executions: 0,
    violated: isCounted(outcome, only), claim: isCounted(outcome, only) ? 'violated' : 'sampled', durationMs: outcome.durationMs, note: outcome.cut ? 'cut short' : id !== undefined && !isCounted(outcome, only) ? `ended by a violation of ${id}, which does not count` : '',
  };
}

/** A violation on free-running threads: no schedule leads to it again, and the trace holds only the calls that show it, by their stamps. */
function stressViolation(module: string, { plan: { geometry }, outcome }: StressRunReport, { finding, calls }: StressFinding): ViolationReport {
  const { workers, frames, chunkFrames } = geometry;
  const scope = `--threads ${workers} --frames ${Math.min(frames, 4)}${chunkFrames < 4 ? ` --chunk ${chunkFrames}` : ''}`;
  return {
    invariant: finding.invariant, layer: finding.layer, alsoBroken: [], step: null,
    message: `${finding.message}. Found after ${number(outcome.calls)} operations, by stamps of invocations and returns`,
    counterexample: { scenario: '', schedule: '', commands: calls.length, steps: 0, preemptions: 0, trace: traceOf(calls), stops: [], state: [] },
    shrink: { from: { commands: calls.length, steps: 0, preemptions: 0 }, minimal: false, tried: 0 },
    replay: `frameproof check ${module} --strategy exhaustive ${scope}   (threads that run freely cannot be replayed; this explores a small scope)`,
  };
}

/** Invocations and returns in the order of their stamps. */
function traceOf(calls: readonly HistoryCall[]): TraceStep[] {
  const events = calls.flatMap((call) => [{ call, access: 'invoke', stamp: call.invoked }, ...(call.returned === Infinity ? [] : [{ call, access: 'return', stamp: call.returned }])]);
  return events.sort((a, b) => a.stamp - b.stamp).map(({ call, access, stamp }, at) => ({
    step: at + 1, thread: threadName(call.thread), operation: describeOperation(call.operation), access, cell: '', before: null, after: access === 'return' && call.response !== threw ? call.response : null,
    file: '', line: 0, column: 0, text: '', note: `stamp ${stamp}`,
  }));
}

const judgedByStamps: readonly InvariantId[] = ['FP-OWN-1', 'FP-RNG-1', 'FP-RNG-2', 'FP-PLC-1', 'FP-EXC-1', 'FP-FRE-1', 'FP-FRE-2', 'FP-PRB-1', 'FP-PRG-1', 'FP-PRG-2'];

/** The report of a subject with its stress runs in it. `hasPlan`: something else was planned as well. */
export function withStress(report: SubjectReport, runs: readonly StressRunReport[], features: Features, hasPlan: boolean, { bail, invariants: only }: Pick<CheckPlan, 'bail' | 'invariants'>): SubjectReport {
  const found = new Map<string, ViolationReport>();
  for (const run of runs) {
    if (run.outcome.found !== undefined && isCounted(run.outcome, only) && !found.has(run.outcome.found.finding.invariant)) found.set(run.outcome.found.finding.invariant, stressViolation(report.module, run, run.outcome.found));
  }
  const violations = [...report.violations, ...found.values()].slice(0, Math.max(bail, report.violations.length));
  const before = hasPlan ? report.verdict : 'held';
  // Nothing can be judged on what a violation leaves, also of one that does not count.
  const cut = runs.some(({ outcome }) => outcome.cut || (outcome.found !== undefined && !isCounted(outcome, only)));
  const refused = runs.reduce((sum, { outcome }) => sum + outcome.outOfMemory, 0);
  const notes = [
    `real threads: each frame is judged by itself, and ${number(refused)} answers OutOfMemory by what was free for certain all the while; a run that fails cannot be replayed`,
    ...(features.caches === true ? ['real threads: OutOfMemory is not judged, since frames may lie in the caches of others'] : []),
  ];
  return {
    ...report,
    phases: [...report.phases, ...runs.map((run) => stressPhase(run, only))], violations,
    invariantsHeld: hasPlan ? report.invariantsHeld : judgedByStamps.length + (features.caches === true ? 0 : 1),
    verdict: violations.length > 0 ? 'violated' : cut ? 'inconclusive' : before,
    notes: [...report.notes, ...(runs.length === 0 ? [] : notes)],
  };
}

/** The report of a subject that cannot be run on that many threads, or frames. */
export function withoutStress(report: SubjectReport, why: string, hasPlan: boolean): SubjectReport {
  const phase: PhaseReport = {
    strategy: 'stress', scope: 'real threads', plannedExhaustive: false, exhausted: false, scenarios: 0, executions: 0, violated: false, claim: 'not run', durationMs: 0, note: `left out: ${why}`,
  };
  return { ...report, phases: [...report.phases, phase], verdict: hasPlan ? report.verdict : 'inconclusive', invariantsHeld: hasPlan ? report.invariantsHeld : 0, notes: [...report.notes, `real threads: left out: ${why}`] };
}
