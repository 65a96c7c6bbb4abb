import type { Failure } from './counterexample.ts';
import type { FrontierState } from './frontier.ts';
import type { StepsTable } from './own-steps.ts';
import type { ReachState } from './reached.ts';
import type { PhaseReport, ViolationReport } from './report.ts';
import type { ScenarioSlice } from './slice.ts';
import type { TallyState } from './tally.ts';

/** Where a check was stopped, as plain data: all that it takes to go on, beside its plan and its subject. */
export interface CheckState {
  /** The phase under way; −1: the given scenarios. */
  readonly phase: number;
  readonly phases: readonly PhaseReport[];
  readonly violations: readonly ViolationReport[];
  /** Found, but not shrunk yet. */
  readonly failing?: Found;
  readonly tally: TallyState;
  /** Within the phase. */
  readonly within: PhaseState;
  readonly frontier: FrontierState<ScenarioSlice>;
}

interface PhaseState {
  readonly scenarios: number;
  readonly executions: number;
  readonly incomplete: number;
  readonly violations: number;
  readonly exhausted: boolean;
  readonly reached: ReachState;
  readonly steps: StepsTable;
  readonly durationMs: number;
}

/** A failure, and where in the plan it was met. */
export interface Found extends Failure {
  readonly place: NonNullable<ViolationReport['place']>;
}
