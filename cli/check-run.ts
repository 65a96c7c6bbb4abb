import { match } from 'ts-pattern';
import { check, type CheckEvent, type CheckPlan } from '../spec/check.ts';
import type { CheckState } from '../spec/check-state.ts';
import { Divergence } from '../spec/explore/execution.ts';
import { SubjectError } from '../spec/explore/subject-error.ts';
import type { SubjectReport } from '../spec/report.ts';
import { judgeDefaults } from '../spec/scenario-judge.ts';
import type { ScenarioSlice, ScenarioWork } from '../spec/slice.ts';
import type { LoadedSubject } from '../spec/subject.ts';
import { remainingText } from './estimate.ts';
import type { Jobs } from './jobs.ts';
import { phaseText } from './reports/check.ts';
import type { Progressed } from './resume.ts';
import { subjectTrouble } from './subjects.ts';
import { print, type Interrupt, type Paint, type Progress } from './terminal.ts';

/** What surrounds the judging of each subject. */
export interface Surroundings {
  readonly interrupt: Interrupt;
  readonly progress: Progress;
  /** By `performance.now()`. */
  readonly until: number;
  readonly paint: Paint;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly jobs: Jobs<ScenarioWork, ScenarioSlice> | undefined;
}

/** Judges one subject, from where it was left if it was begun before. */
export async function checkOne(target: string, subject: LoadedSubject, plan: CheckPlan, from: CheckState | undefined, around: Surroundings): Promise<Required<Pick<Progressed, 'report'>> & Progressed> {
  const { interrupt, progress, until, jobs } = around;
  const { judge = judgeDefaults, invariants } = plan;
  jobs?.begin({ kind: 'check', target, judging: invariants.length === 0 ? judge : { ...judge, only: invariants } });
  const run = check(subject, plan, {
    stop: () => interrupt.interrupted || performance.now() > until, now: () => performance.now(),
    ...(jobs === undefined ? {} : { crew: jobs }), ...(from === undefined ? {} : { from }),
  });
  const hear = hearer(around);
  let state: CheckState | undefined;
  try {
    for (;;) {
      const next = run.next();
      if (next.done === true) {
        progress.clear();
        return { report: next.value, ...(state === undefined ? {} : { state }) };
      }
      if (next.value.kind === 'stopped') state = next.value.state;
      else await hear(next.value);
    }
  } catch (error) {
    progress.clear();
    if (error instanceof Divergence) return { report: divergedReport(subject, error) };
    if (error instanceof SubjectError) throw subjectTrouble(subject, error);
    throw error;
  }
}

function hearer({ interrupt, progress, paint, json, quiet, jobs }: Surroundings): (event: Exclude<CheckEvent, { kind: 'stopped' }>) => Promise<void> {
  let phase = '';
  let since = performance.now();
  return async (heard) =>
    match(heard)
      .with({ kind: 'progress' }, async (event) => {
        const { subject, scenarios, total, executions } = event;
        if (phase !== event.phase) [phase, since] = [event.phase, performance.now()];
        progress.say(`   ${subject} · ${phase} · ${scenarios}${total === undefined ? '' : ` of ${total}`} scenarios · ${executions} executions${remainingText(event, performance.now() - since)}`);
        await interrupt.breathe();
      })
      .with({ kind: 'wait' }, async () => jobs?.arrival(200))
      .with({ kind: 'shrinking' }, async ({ subject, commands, tried }) => {
        progress.say(`   ${subject} · shrinking: ${commands} commands, ${tried} reductions tried`);
        await interrupt.breathe();
      })
      .with({ kind: 'violation' }, async ({ subject, invariant }) => {
        progress.say(`   ${subject} · ${invariant} is broken`);
      })
      .with({ kind: 'phase' }, async ({ report }) => {
        progress.clear();
        if (!json && !quiet) await print(`${phaseText(report, paint)}\n`);
      })
      .exhaustive();
}

/** Nothing that such a subject does can be trusted, neither that it fails nor that it holds. */
function divergedReport({ subject, module }: LoadedSubject, error: Divergence): SubjectReport {
  const coverage = { scenarios: 0, executions: 0, blocked: 0, redundant: 0, incomplete: 0, steps: 0, exhausted: false, modelTransitions: { covered: 0, total: 0, missing: [] }, stepsMax: {}, progress: {} };
  const note = `diverged at step ${error.step + 1}: ${error.message}. Something outside of the shared memory decides (a clock, Math.random, state of a module): hand it in through create(), or keep it in the shared memory`;
  return { name: subject.name, module, verdict: 'inconclusive', diverged: true, coverage, phases: [], violations: [], invariantsHeld: 0, judged: [], notes: [note] };
}
