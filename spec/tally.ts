import type { Geometry, Subject } from './contract.ts';
import { invariants, type InvariantId } from './invariants.ts';
import { Models } from './models.ts';
import type { Coverage, ViolationReport } from './report.ts';
import type { ScenarioSlice } from './slice.ts';

export type Totals = { -readonly [K in 'scenarios' | 'executions' | 'blocked' | 'redundant' | 'incomplete' | 'steps']: number };

/** A {@link Tally} as plain data. */
export interface TallyState {
  readonly totals: Readonly<Totals>;
  readonly stepsMax: Readonly<Record<string, number>>;
  readonly judged: readonly InvariantId[];
  readonly models: readonly { readonly geometry: Geometry; readonly taken: readonly string[] }[];
}

/** What the slices of a check add up to, whoever made them. */
export class Tally {
  readonly totals: Totals;
  readonly judged: Set<InvariantId>;
  readonly #stepsMax: Record<string, number>;
  readonly #models = new Models();
  readonly #subject: Subject;

  constructor(subject: Subject, state?: TallyState) {
    this.#subject = subject;
    this.totals = { scenarios: 0, executions: 0, blocked: 0, redundant: 0, incomplete: 0, steps: 0, ...state?.totals };
    this.judged = new Set(state?.judged);
    this.#stepsMax = { allocate: 0, free: 0, ...state?.stepsMax };
    for (const { geometry, taken } of state?.models ?? []) this.#models.for(subject, geometry).note(taken);
  }

  add({ counts, seen }: ScenarioSlice, geometry: Geometry, first: boolean): void {
    if (first) this.totals.scenarios++;
    for (const name of ['executions', 'blocked', 'redundant', 'incomplete', 'steps'] as const) this.totals[name] += counts[name];
    for (const id of seen.judged) this.judged.add(id);
    for (const [name, steps] of Object.entries(seen.stepsMax)) this.#stepsMax[name] = Math.max(this.#stepsMax[name] ?? 0, steps);
    this.#models.for(this.#subject, geometry).note(seen.taken);
  }

  coverage(exhausted: boolean): Coverage {
    return { ...this.totals, exhausted, modelTransitions: this.#models.coverage(), stepsMax: this.#stepsMax };
  }

  state(): TallyState {
    return { totals: { ...this.totals }, stepsMax: { ...this.#stepsMax }, judged: [...this.judged], models: this.#models.taken() };
  }
}

/** Judged only if the subject has observe(), framesFree() or pressure(), or declares a policy. */
const optional: readonly InvariantId[] = ['FP-REF-1', 'FP-CNT-1', 'FP-WMK-1', 'FP-POL-1'];

/** How many invariants were judged and held. */
export function heldOf(violations: readonly ViolationReport[], judged: ReadonlySet<InvariantId>): number {
  const broken = new Set(violations.flatMap(({ invariant, alsoBroken }) => [invariant, ...alsoBroken]));
  return invariants.filter(({ id }) => !broken.has(id) && (judged.has(id) || !optional.includes(id))).length;
}
