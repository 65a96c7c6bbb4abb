import { printSchedule } from './decision.ts';
import { Dpor, Unreduced } from './explore/dpor.ts';
import { Execution } from './explore/execution.ts';
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

export interface LitmusOptions {
  readonly outcomes: boolean;
  /** Whether to count by the fewest preemptions as well. */
  readonly bounds: boolean;
  /** Off: every interleaving, to compare with. */
  readonly reduced: boolean;
  readonly now: () => number;
}

const stepsMax = 2000;

/** Explores a litmus program to its end, by the engine that explores allocators. */
export function runLitmus(test: LitmusTest, options: LitmusOptions): LitmusReport {
  const started = options.now();
  const program = litmusProgram(test);
  const execution = new Execution(program, { stepsMax, intervals: true });
  const judge = new LitmusJudge(test, program, execution);
  const linearizations = new Linearizations(execution);
  const counts: Record<Ending, number> = { complete: 0, blocked: 0, redundant: 0, incomplete: 0 };
  const outcomes = new Map<string, LitmusOutcome>();
  const byPreemptions: number[] = [];
  for (const ending of explore(execution, options.reduced ? new Dpor(stepsMax, program.threads) : new Unreduced(stepsMax))) {
    counts[ending]++;
    judge.judge(ending);
    if (ending !== 'complete') continue;
    if (options.bounds) {
      const fewest = linearizations.fewest();
      byPreemptions[fewest] = (byPreemptions[fewest] ?? 0) + 1;
    }
    if (!options.outcomes) continue;
    const outcome = program.outcome();
    outcomes.set(JSON.stringify(outcome), outcome);
  }
  const violations = [...judge.violations.values()];
  return {
    name: test.name, executions: counts.complete, blocked: counts.blocked, redundant: counts.redundant,
    ...(options.bounds ? { byPreemptionBound: cumulative(byPreemptions) } : {}),
    ...(options.outcomes ? { outcomes: [...outcomes.values()] } : {}),
    ...(violations.length > 0 ? { violations } : {}),
    durationMs: Math.round((options.now() - started) * 1000) / 1000,
  };
}

function cumulative(counts: readonly number[]): number[] {
  let sum = 0;
  return Array.from({ length: Math.max(1, counts.length) }, (_, bound) => (sum += counts[bound] ?? 0));
}

class LitmusJudge {
  readonly violations = new Map<string, LitmusViolation>();
  readonly #test: LitmusTest;
  readonly #program: LitmusProgram;
  readonly #execution: Execution;

  constructor(test: LitmusTest, program: LitmusProgram, execution: Execution) {
    this.#test = test;
    this.#program = program;
    this.#execution = execution;
  }

  judge(ending: Ending): void {
    if (ending === 'redundant') return;
    const { mustFinish = false, finalAssert } = this.#test;
    const race = findRace(this.#execution, () => false);
    if (race !== undefined) {
      const places = [race.earlier, race.at].map((at) => this.#where(this.#execution.site[at] as number)).sort();
      this.#add('race', 'two accesses to one cell, one writes, one is plain, and nothing orders them', places.join(' and '));
    }
    for (const site of this.#program.failed) {
      if (site >= 0) this.#add('assert', `does not hold: ${JSON.stringify(this.#program.sites[site]?.step)}`, this.#where(site));
    }
    if (ending === 'complete' && !this.#program.finallyHolds()) this.#add('finalAssert', `does not hold: ${JSON.stringify(finalAssert)}`, 'finalAssert');
    if (ending === 'blocked' && mustFinish) {
      const waiting = Array.from(this.#execution.state).flatMap((state, thread) => (state === 2 ? [] : [thread]));
      this.#add('deadlock', `no thread can go on, and ${waiting.map((thread) => `thread ${thread}`).join(' and ')} ${waiting.length === 1 ? 'has' : 'have'} not finished`, 'mustFinish');
    }
  }

  #where(site: number): string {
    return this.#program.sites[site]?.where ?? '';
  }

  #add(kind: LitmusViolation['kind'], what: string, where: string): void {
    const key = `${kind} ${where}`;
    if (this.violations.has(key)) return;
    const { thread, depth } = this.#execution;
    const schedule = printSchedule(Array.from(thread.subarray(0, depth), (each) => ({ kind: 'run', thread: each })));
    this.violations.set(key, { kind, what, where, schedule, outcome: this.#program.outcome() });
  }
}
