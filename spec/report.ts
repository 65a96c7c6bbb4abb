import type { InvariantId, Layer } from './invariants.ts';

/** Version of every JSON value below; readers refuse another one. */
export const schemaVersion = 1;

export type Verdict = 'held' | 'violated' | 'inconclusive';

export interface TraceStep {
  /** From 1. */
  readonly step: number;
  /** `A`, `B`, … */
  readonly thread: string;
  /** The call that the step belongs to, `allocate(1)`. */
  readonly operation: string;
  /** `load`, `compareExchange`, …, `invoke`, `return`. */
  readonly access: string;
  /** `buffer:byte` of the cell; empty for an invocation or a return. */
  readonly cell: string;
  readonly before: number | null;
  /** The value afterwards; of a return, the response. */
  readonly after: number | null;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The source line, trimmed. */
  readonly text: string;
  /** Of a pause, wait, wake or notify: what came of it; else empty. */
  readonly note: string;
}

/** One row of the table that compares model and memory at the end. */
export interface StateRow {
  readonly what: string;
  readonly model: string;
  readonly implementation: string;
  readonly differs: boolean;
}

export interface Counterexample {
  readonly scenario: string;
  readonly schedule: string;
  readonly commands: number;
  readonly steps: number;
  readonly preemptions: number;
  readonly trace: readonly TraceStep[];
  /** Steps of the trace after which their thread stops for ever. */
  readonly stops: readonly number[];
  /** Model against implementation when nothing runs, as far as the execution got there. */
  readonly state: readonly StateRow[];
}

export interface ViolationReport {
  readonly invariant: InvariantId;
  readonly layer: Layer;
  readonly alsoBroken: readonly InvariantId[];
  readonly message: string;
  /** Step of the trace that gives it away, from 1; null if the state at the end does. */
  readonly step: number | null;
  readonly counterexample: Counterexample;
  readonly shrink: { readonly from: { readonly commands: number; readonly steps: number; readonly preemptions: number }; readonly minimal: boolean; readonly tried: number };
  /** The command that runs it again. */
  readonly replay: string;
  /** Where in the plan it was met: the phase, from 1 (0: scenarios that were named), and the scenario of it, from 1. */
  readonly place?: { readonly phase: number; readonly scenario: number };
}

/** What an operation took: own accesses, the most seen; with nobody interfering; and for each interfering access beyond that. */
export interface StepsSeen {
  readonly most: number;
  readonly alone: number;
  readonly perInterference: number;
  /** Numbers of interfering accesses with which more was seen than alone, and how much. */
  readonly byInterference: readonly (readonly [number, number])[];
}

export interface Coverage {
  readonly scenarios: number;
  /** Complete executions. */
  readonly executions: number;
  readonly blocked: number;
  readonly redundant: number;
  readonly incomplete: number;
  readonly steps: number;
  /** Everything planned exhaustively was explored to its end. */
  readonly exhausted: boolean;
  readonly modelTransitions: { readonly covered: number; readonly total: number; readonly missing: readonly string[] };
  /** Own accesses of one operation, the most seen. */
  readonly stepsMax: Readonly<Record<string, number>>;
  /** The same with nobody interfering, and how much each interfering access adds at most. */
  readonly progress: Readonly<Record<string, StepsSeen>>;
}

/** One part of the plan and what came of it. */
export interface PhaseReport {
  readonly strategy: string;
  readonly scope: string;
  /** Whether every execution of every scenario was to be explored. */
  readonly plannedExhaustive: boolean;
  readonly exhausted: boolean;
  readonly scenarios: number;
  readonly executions: number;
  readonly violated: boolean;
  /** What was proven, in words: `exhausted`, `exhausted within 2 preemptions`, `sampled, finds a bug of depth 3 with probability ≥ 12 % in each scenario`. */
  readonly claim: string;
  readonly durationMs: number;
  /** Why it is not what was planned, or was left out; empty otherwise. */
  readonly note: string;
  /** Of a phase for progress that was exhausted: accesses in a row without an operation that ended, at most. */
  readonly unendingMost?: number;
}

export interface SubjectReport {
  readonly name: string;
  readonly module: string;
  readonly verdict: Verdict;
  readonly coverage: Coverage;
  readonly phases: readonly PhaseReport[];
  readonly violations: readonly ViolationReport[];
  readonly invariantsHeld: number;
  /** Of the invariants that need something of the subject, those that were judged. */
  readonly judged: readonly InvariantId[];
  /** It behaved differently when the same steps were run again: nothing that was seen of it counts. */
  readonly diverged?: boolean;
  /** What was judged less than fully, and why. */
  readonly notes: readonly string[];
}

export interface CheckReport {
  readonly schemaVersion: typeof schemaVersion;
  readonly tool: { readonly name: 'frameproof'; readonly version: string };
  readonly command: 'check';
  readonly seed: number;
  readonly preset: string;
  readonly verdict: Verdict;
  /** The plan and the sources of its subjects as a short text: equal for the shards of one check. */
  readonly plan: string;
  /** Which part of the scenarios was judged, if not all. */
  readonly shard?: Shard;
  readonly interrupted: boolean;
  /** The file with which a check that was cut can be gone on with. */
  readonly resume?: string;
  readonly durationMs: number;
  readonly subjects: readonly SubjectReport[];
}

/** The `index`-th (from 1) of `of` parts: every `of`-th scenario of each phase. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}
