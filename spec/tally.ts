import type { Geometry, Subject } from './contract.ts';
import { invariants, type InvariantId } from './invariants.ts';
import { Models } from './models.ts';
import { OwnSteps, type StepsTable } from './own-steps.ts';
import type { Coverage, ViolationReport } from './report.ts';
import type { ScenarioSlice } from './slice.ts';

export type Totals = { -readonly [K in 'scenarios' | 'executions' | 'blocked' | 'redundant' | 'incomplete' | 'steps']: number };

/** A {@link Tally} as plain data. */
export interface TallyState {
  readonly totals: Readonly<Totals>;
  readonly steps: StepsTable;
  readonly judged: readonly InvariantId[];
  readonly notes: readonly string[];
  readonly models: readonly { readonly geometry: Geometry; readonly taken: readonly string[] }[];
}

/** What the slices of a check add up to, whoever made them. */
export class Tally {
  readonly totals: Totals;
  readonly judged: Set<InvariantId>;
  /** What hindered the search. */
  readonly notes: Set<string>;
  readonly #steps: OwnSteps;
  readonly #models = new Models();
  readonly #subject: Subject;

  constructor(subject: Subject, state?: TallyState) {
    this.#subject = subject;
    this.totals = { scenarios: 0, executions: 0, blocked: 0, redundant: 0, incomplete: 0, steps: 0, ...state?.totals };
    this.judged = new Set(state?.judged);
    this.notes = new Set(state?.notes);
    this.#steps = new OwnSteps(subject.progress, state?.steps);
    for (const { geometry, taken } of state?.models ?? []) this.#models.for(subject, geometry).note(taken);
  }

  add({ counts, seen }: ScenarioSlice, geometry: Geometry, first: boolean): void {
    if (first) this.totals.scenarios++;
    for (const name of ['executions', 'blocked', 'redundant', 'incomplete', 'steps'] as const) this.totals[name] += counts[name];
    for (const id of seen.judged) this.judged.add(id);
    for (const note of seen.notes) this.notes.add(note);
    this.#steps.add(seen.steps);
    this.#models.for(this.#subject, geometry).note(seen.taken);
  }

  coverage(exhausted: boolean): Coverage {
    return { ...this.totals, exhausted, modelTransitions: this.#models.coverage(), stepsMax: this.#steps.most(), progress: this.#steps.seen() };
  }

  state(): TallyState {
    return { totals: { ...this.totals }, steps: this.#steps.table(), judged: [...this.judged], notes: [...this.notes], models: this.#models.taken() };
  }
}

/** Judged only if the subject has observe(), framesFree() or pressure(), or declares a policy, progress, or that it survives crashes. */
const optional: readonly InvariantId[] = ['FP-REF-1', 'FP-CNT-1', 'FP-WMK-1', 'FP-POL-1', 'FP-CRS-1', 'FP-CRS-2', 'FP-CRS-3', 'FP-STP-1', 'FP-LFR-1', 'FP-OBF-1'];

/** How many invariants were judged and held. */
export function heldOf(violations: readonly ViolationReport[], judged: ReadonlySet<InvariantId>): number {
  const broken = new Set(violations.flatMap(({ invariant, alsoBroken }) => [invariant, ...alsoBroken]));
  return invariants.filter(({ id }) => !broken.has(id) && (judged.has(id) || !optional.includes(id))).length;
}
