import type { Subject } from './contract.ts';
import type { Config } from './config.ts';

export type { Config } from './config.ts';
export type {
  ErrorCode, ErrorNames, Features, FrameRange, Geometry, Handle, Limits, ObservedFrame, Placement, Policy, PressureLevel, Progress, ProgressBound, Request, Subject, Watermarks, ZoneName,
} from './contract.ts';
export type { CheckReport, Counterexample, Coverage, PhaseReport, StateRow, SubjectReport, TraceStep, Verdict, ViolationReport } from './report.ts';

/** Says that a value is a subject, and lets an editor check and complete it. */
export function defineSubject<Shared>(subject: Subject<Shared>): Subject<Shared> {
  return subject;
}

/** Says that a value is a configuration (`frameproof.config.ts`). */
export function defineConfig(config: Config): Config {
  return config;
}
