import { printSchedule, scheduleOf } from './decision.ts';
import { Dpor, Unreduced } from './explore/dpor.ts';
import { Execution, ThreadState, type ExecutionLimits } from './explore/execution.ts';
import { Linearizations } from './explore/linearizations.ts';
import { litmusProgram, type LitmusOutcome, type LitmusProgram, type LitmusTest } from './explore/litmus.ts';
import { explore, type Ending } from './explore/scheduler.ts';
import { findRace } from './races.ts';

/** What is wrong in some execution of a program; reported once for each kind and place. */
export interface LitmusViolation {
  readonly kind: 'race' | 'assert' | 'finalAssert' | 'deadlock';
  readonly what: string;
  /** `threads[1][0]` and, of a race, both places; `finalAssert`; `mustFinish`. */
  readonly where: string;
  /** Turns of the threads along which it was first seen, `A2B1`. */
  readonly schedule: string;
  /** Memory and registers when it was first seen. */
  readonly outcome: LitmusOutcome;
}

export interface LitmusReport {
  readonly name: string;
  /** Complete executions: neither blocked by an unmet `assume` nor cut off. */
  readonly executions: number;
  readonly blocked: number;
  /** Runs abandoned because an equivalent one had been explored. */
  readonly redundant: number;
  /** Entry k: complete executions that can be run with at most k preemptions; the last entry is all of them. */
  readonly byPreemptionBound?: readonly number[];
  readonly outcomes?: readonly LitmusOutcome[];
  readonly violations?: readonly LitmusViolation[];
  readonly durationMs: number;
}

export interface LitmusWants {
  readonly outcomes: boolean;
  /** Whether to count by the fewest preemptions as well. */
  readonly bounds: boolean;
}

export interface LitmusOptions extends LitmusWants {
  /** Off: every interleaving, to compare with. */
  readonly reduced: boolean;
  readonly now: () => number;
}

/** Events of one execution, at most. */
export const stepsMax = 2000;

/** Hints may be stale as often as they are read: there are no loops. */
export const limitsOf = ({ hints }: LitmusProgram): ExecutionLimits => ({ stepsMax, intervals: true, ...(hints.size === 0 ? {} : { staleMost: Infinity }) });

/** Explores a litmus program to its end, by the engine that explores allocators. */
export function runLitmus(test: LitmusTest, options: LitmusOptions): LitmusReport {
  const started = options.now();
  const program = litmusProgram(test);
  const execution = new Execution(program, limitsOf(program));
  const judge = new LitmusJudge(test, program, execution, options);
  const found = new LitmusFindings();
  for (const ending of explore(execution, options.reduced ? new Dpor(stepsMax, program.threads) : new Unreduced(stepsMax))) judge.judge(ending, found);
  return found.report(test.name, options, options.now() - started);
}

/** What was seen of the executions of a program, as plain data. */
export interface LitmusSeen {
  readonly counts: Readonly<Record<Ending, number>>;
  /** Entry k: complete executions whose fewest preemptions are k. */
  readonly byPreemptions: readonly number[];
  readonly outcomes: readonly LitmusOutcome[];
  readonly violations: readonly LitmusViolation[];
}

/** What adds up over the executions of a program. */
export class LitmusFindings {
  readonly #counts: Record<Ending, number> = { complete: 0, blocked: 0, redundant: 0, incomplete: 0 };
  readonly #byPreemptions: number[] = [];
  readonly #outcomes = new Map<string, LitmusOutcome>();
  readonly #violations = new Map<string, LitmusViolation>();

  count(ending: Ending): void {
    this.#counts[ending]++;
  }

  needed(preemptions: number, executions = 1): void {
    while (this.#byPreemptions.length <= preemptions) this.#byPreemptions.push(0);
    this.#byPreemptions[preemptions] = (this.#byPreemptions[preemptions] as number) + executions;
  }

  ended(outcome: LitmusOutcome): void {
    this.#outcomes.set(JSON.stringify(outcome), outcome);
  }

  /** Kept once for each kind and place. */
  violated(kind: LitmusViolation['kind'], where: string, violation: () => LitmusViolation): void {
    const key = `${kind} ${where}`;
    if (!this.#violations.has(key)) this.#violations.set(key, violation());
  }

  add({ counts, byPreemptions, outcomes, violations }: LitmusSeen): void {
    for (const ending of ['complete', 'blocked', 'redundant', 'incomplete'] as const) this.#counts[ending] += counts[ending];
    byPreemptions.forEach((executions, preemptions) => this.needed(preemptions, executions));
    for (const outcome of outcomes) this.ended(outcome);
    for (const violation of violations) this.violated(violation.kind, violation.where, () => violation);
  }

  seen(): LitmusSeen {
    return { counts: this.#counts, byPreemptions: this.#byPreemptions, outcomes: [...this.#outcomes.values()], violations: [...this.#violations.values()] };
  }

  report(name: string, { bounds, outcomes }: LitmusWants, durationMs: number): LitmusReport {
    const { complete, blocked, redundant } = this.#counts;
    let sum = 0;
    return {
      name, executions: complete, blocked, redundant,
      ...(bounds ? { byPreemptionBound: complete === 0 ? [0] : this.#byPreemptions.map((executions) => (sum += executions)) } : {}),
      ...(outcomes ? { outcomes: [...this.#outcomes.values()] } : {}),
      ...(this.#violations.size > 0 ? { violations: [...this.#violations.values()] } : {}),
      durationMs: Math.round(durationMs * 1000) / 1000,
    };
  }
}

/** Looks at each execution of a program as it ends. */
export class LitmusJudge {
  readonly #test: LitmusTest;
  readonly #program: LitmusProgram;
  readonly #execution: Execution;
  readonly #wants: LitmusWants;
  readonly #linearizations: Linearizations;

  constructor(test: LitmusTest, program: LitmusProgram, execution: Execution, wants: LitmusWants) {
    this.#test = test;
    this.#program = program;
    this.#execution = execution;
    this.#wants = wants;
    this.#linearizations = new Linearizations(execution);
  }

  judge(ending: Ending, found: LitmusFindings): void {
    found.count(ending);
    if (ending === 'redundant') return;
    this.#violations(ending, found);
    if (ending !== 'complete') return;
    if (this.#wants.bounds) found.needed(this.#linearizations.fewest());
    if (this.#wants.outcomes) found.ended(this.#program.outcome());
  }

  #violations(ending: Ending, found: LitmusFindings): void {
    const { mustFinish = false, finalAssert } = this.#test;
    const race = findRace(this.#execution, this.#isHint);
    if (race !== undefined) {
      const places = [race.earlier, race.at].map((at) => this.#where(this.#execution.site[at] as number)).sort();
      this.#violated(found, 'race', 'two accesses to one cell, one writes, one is plain, and nothing orders them', places.join(' and '));
    }
    for (const site of this.#program.failed) {
      if (site >= 0) this.#violated(found, 'assert', `does not hold: ${JSON.stringify(this.#program.sites[site]?.step)}`, this.#where(site));
    }
    if (ending === 'complete' && !this.#program.finallyHolds()) this.#violated(found, 'finalAssert', `does not hold: ${JSON.stringify(finalAssert)}`, 'finalAssert');
    if (ending === 'blocked' && mustFinish) {
      const waiting = Array.from(this.#execution.state).flatMap((state, thread) => (state === ThreadState.finished ? [] : [`thread ${thread}`]));
      this.#violated(found, 'deadlock', `no thread can go on, and ${waiting.join(' and ')} ${waiting.length === 1 ? 'has' : 'have'} not finished`, 'mustFinish');
    }
  }

  readonly #isHint = (cell: number): boolean => this.#program.hints.has((this.#execution.cells.offset[cell] as number) / 4);

  #where(site: number): string {
    return this.#program.sites[site]?.where ?? '';
  }

  #violated(found: LitmusFindings, kind: LitmusViolation['kind'], what: string, where: string): void {
    found.violated(kind, where, () => {
      const schedule = printSchedule(scheduleOf(this.#execution.turns(), () => false));
      return { kind, what, where, schedule, outcome: this.#program.outcome() };
    });
  }
}
