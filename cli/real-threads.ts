import type { CheckPlan } from '../spec/check.ts';
import type { SubjectReport } from '../spec/report.ts';
import { stressPhase, withoutStress, withStress } from '../spec/stress-report.ts';
import type { LoadedSubject } from '../spec/subject.ts';
import type { Surroundings } from './check-run.ts';
import { crossChecked } from './hand-over-phase.ts';
import { phaseText } from './reports/check.ts';
import { stressPlans, stressRuns, type StressWish } from './stress-phases.ts';
import { print } from './terminal.ts';

/** What of a check happens on real threads, after the exploration. */
export interface RealThreads {
  /** Explored executions to run again, on source that is not rewritten. */
  readonly crossings: number;
  readonly stress: StressWish | undefined;
}

/** The report of an explored subject, with what real threads showed. */
export async function onRealThreads(explored: SubjectReport, target: string, subject: LoadedSubject, plan: CheckPlan, { crossings, stress }: RealThreads, around: Omit<Surroundings, 'jobs'>): Promise<SubjectReport> {
  const { interrupt, progress, until, paint, json, quiet } = around;
  const context = { stop: () => interrupt.interrupted || performance.now() > until, now: () => performance.now() };
  const { report, phase } = await crossChecked(explored, subject, target, crossings, plan, context);
  if (!json && !quiet && phase !== undefined) await print(`${phaseText(phase, paint)}\n`);
  if (stress === undefined || report.diverged === true || report.violations.length >= plan.bail) return report;
  const hasPlan = plan.phases.length + plan.scenarios.length > 0;
  const plans = stressPlans(stress, subject);
  if (typeof plans === 'string') return withoutStress(report, plans, hasPlan);
  const runs = await stressRuns(subject, target, plans, context, (calls) => {
    progress.say(`   ${subject.subject.name} · stress · ${calls} operations judged`);
  });
  progress.clear();
  if (!json && !quiet) for (const run of runs) await print(`${phaseText(stressPhase(run, plan.invariants), paint)}\n`);
  return withStress(report, runs, subject.subject.features ?? {}, hasPlan, plan);
}
