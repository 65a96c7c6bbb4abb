import type { CheckPlan } from '../spec/check.ts';
import type { SubjectReport } from '../spec/report.ts';
import type { StressPlan } from '../spec/stress-load.ts';
import { stressPhase, withoutStress, withStress } from '../spec/stress-report.ts';
import type { LoadedSubject } from '../spec/subject.ts';
import type { Surroundings } from './check-run.ts';
import { crossChecked } from './hand-over-phase.ts';
import { phaseText } from './reports/check.ts';
import type { Progressed } from './resume.ts';
import { stressRuns } from './stress-phases.ts';
import { print } from './terminal.ts';

/** What is done with a subject on real threads, once it has been explored. */
export interface RealThreads {
  /** Explored executions to run again. */
  readonly crossings: number;
  /** Runs in which the threads are left alone, or why the subject cannot go along. */
  readonly stress: readonly StressPlan[] | string;
}

export async function onRealThreads(
  explored: SubjectReport, target: string, subject: LoadedSubject, { crossings, stress }: RealThreads, plan: CheckPlan, around: Surroundings,
): Promise<Required<Pick<Progressed, 'report'>> & Progressed> {
  const { interrupt, until, paint, json, quiet } = around;
  let cut = false;
  const context = { stop: () => (cut ||= interrupt.interrupted || performance.now() > until), now: () => performance.now() };
  const { report: crossed, phase } = await crossChecked(explored, subject, target, crossings, plan, context);
  if (!json && !quiet && phase !== undefined) await print(`${phaseText(phase, paint)}\n`);
  const report = await stressed(crossed, target, subject, stress, plan, around, context);
  return { report, ...(cut && explored.diverged !== true ? { explored } : {}) };
}

async function stressed(
  report: SubjectReport, target: string, subject: LoadedSubject, plans: RealThreads['stress'], plan: CheckPlan, { progress, paint, json, quiet }: Surroundings, context: { stop: () => boolean; now: () => number },
): Promise<SubjectReport> {
  const hasPlan = plan.phases.length + plan.scenarios.length > 0;
  if (typeof plans === 'string') return withoutStress(report, plans, hasPlan);
  if (plans.length === 0 || report.diverged === true || report.violations.length >= plan.bail) return report;
  const runs = await stressRuns(subject, target, plans, context, (calls) => progress.say(`   ${subject.subject.name} · stress · ${calls} operations judged`));
  progress.clear();
  if (!json && !quiet) for (const run of runs) await print(`${phaseText(stressPhase(run, plan.invariants), paint)}\n`);
  return withStress(report, runs, subject.subject.features ?? {}, hasPlan, plan);
}
