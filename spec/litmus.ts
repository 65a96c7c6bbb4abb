import { Dpor, Unreduced } from './explore/dpor.ts';
import { Execution } from './explore/execution.ts';
import { litmusProgram, type LitmusOutcome, type LitmusTest } from './explore/litmus.ts';
import { explore, type Ending } from './explore/scheduler.ts';

export interface LitmusReport {
  readonly name: string;
  /** Complete executions: neither blocked by an unmet `assume` nor cut off. */
  readonly executions: number;
  readonly blocked: number;
  /** Runs abandoned because an equivalent one had been explored. */
  readonly redundant: number;
  readonly outcomes?: readonly LitmusOutcome[];
  readonly durationMs: number;
}

export interface LitmusOptions {
  readonly outcomes: boolean;
  /** Off: every interleaving, to compare with. */
  readonly reduced: boolean;
  readonly now: () => number;
}

/** Events of one execution, at most. */
export const stepsMax = 2000;

/** Explores a litmus program to its end, by the engine that explores allocators. */
export function runLitmus(test: LitmusTest, options: LitmusOptions): LitmusReport {
  const started = options.now();
  const program = litmusProgram(test);
  const execution = new Execution(program, { stepsMax, intervals: true });
  const counts: Record<Ending, number> = { complete: 0, blocked: 0, redundant: 0, incomplete: 0 };
  const outcomes = new Map<string, LitmusOutcome>();
  for (const ending of explore(execution, options.reduced ? new Dpor(stepsMax, program.threads) : new Unreduced(stepsMax))) {
    counts[ending]++;
    if (!options.outcomes || ending !== 'complete') continue;
    const outcome = program.outcome();
    outcomes.set(JSON.stringify(outcome), outcome);
  }
  return {
    name: test.name, executions: counts.complete, blocked: counts.blocked, redundant: counts.redundant,
    ...(options.outcomes ? { outcomes: [...outcomes.values()] } : {}),
    durationMs: Math.round((options.now() - started) * 1000) / 1000,
  };
}
