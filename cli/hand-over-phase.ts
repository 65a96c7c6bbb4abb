import type { CheckContext, CheckPlan } from '../spec/check.ts';
import { sampleSchedules } from '../spec/hand-over.ts';
import type { PresetName } from '../spec/plan.ts';
import type { PhaseReport, SubjectReport } from '../spec/report.ts';
import type { LoadedSubject } from '../spec/subject.ts';
import { crossCheck } from './hand-over.ts';
import { fileOf } from './subjects.ts';

/** Explored executions that a preset runs again on real threads. */
export const crossChecks: Readonly<Record<PresetName, number>> = { smoke: 0, ci: 100, nightly: 2000 };

/** The report of a subject that is held, with its cross-check in it. A departure is a defect of frameproof's instrumentation, and thrown. */
export async function crossChecked(report: SubjectReport, loaded: LoadedSubject, target: string, count: number, plan: CheckPlan, context: CheckContext): Promise<{ report: SubjectReport; phase: PhaseReport | undefined }> {
  if (count === 0 || report.verdict !== 'held' || context.stop()) return { report, phase: undefined };
  const started = context.now();
  // What a package does to shared memory is not seen when explored, but is seen on real threads.
  const schedules = loaded.packages.length > 0 ? [] : [...sampleSchedules(loaded, plan.phases.map(({ scope }) => scope), count, plan.seed)];
  const { schedules: crossed, steps, departure, cut } = await crossCheck(fileOf(target), loaded.module, schedules, context.stop);
  if (departure !== undefined) {
    throw new Error(`${loaded.module}: an execution went another way on real threads and the module as it is than when it was explored, so that nothing explored counts: ${departure}.
Either the instrumentation changes what the module does, or something outside of the shared memory decides (a clock, Math.random, state of a module).`);
  }
  const note = schedules.length === 0 ? 'left out: nothing that can be handed over' : cut ? 'cut short' : '';
  const phase: PhaseReport = {
    strategy: 'cross-check', scope: `${crossed} explored executions (${steps} steps) again on real threads, source not rewritten${crossed === 0 ? '' : ': identical'}`,
    plannedExhaustive: false, exhausted: false, scenarios: 0, executions: 0, violated: false, claim: schedules.length === 0 ? 'not run' : 'sampled', durationMs: context.now() - started, note,
  };
  return { report: { ...report, phases: [...report.phases, phase], verdict: cut ? 'inconclusive' : report.verdict }, phase };
}
