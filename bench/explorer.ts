import { Dpor } from '../spec/explore/dpor.ts';
import { Execution } from '../spec/explore/execution.ts';
import { litmusProgram, type LitmusTest } from '../spec/explore/litmus.ts';
import { explore } from '../spec/explore/scheduler.ts';
import { enumerate } from '../spec/generate.ts';
import { runLitmus, stepsMax } from '../spec/litmus.ts';
import { Models } from '../spec/models.ts';
import { judgeDefaults, ScenarioJudge } from '../spec/scenario-judge.ts';
import { scopeOf } from '../spec/scope.ts';
import type { LoadedSubject } from '../spec/subject.ts';
import { big, fibonacci } from './programs.ts';

/** A figure of the explorer beside its aim. */
export interface ExplorerRow {
  readonly name: string;
  readonly unit: 'executions/s' | 'steps/s' | 'times';
  /** Median over the rounds. */
  readonly value: number;
  readonly aim: { readonly least: number } | { readonly most: number };
  readonly met: boolean;
  readonly rounds: readonly number[];
  /** Of a figure by the clock: processors that its threads had, on average. Much less than there are threads: others used the machine. */
  readonly processors?: number;
}

export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number;

export function explorerRow(name: string, unit: ExplorerRow['unit'], aim: ExplorerRow['aim'], rounds: readonly number[]): ExplorerRow {
  const value = median(rounds);
  return { name, unit, value, aim, met: 'least' in aim ? value >= aim.least : value <= aim.most, rounds };
}

/** How long to measure. The first rounds, in which the engine compiles, do not count. */
export interface Rounds {
  readonly warm: number;
  readonly counted: number;
}

export const largest: readonly LitmusTest[] = [fibonacci, big];

/** Executions of the allocator in one round: enough that the engine is not compiling for most of it. */
const executionsEach = 40_000;
const resumes = 2_000_000;

/** Rows of one core; gives what it measures. `cpuMs`: what the process has used of its processors, since others use the machine as well. */
export function* exploringRows(loaded: LoadedSubject, { warm, counted }: Rounds, cpuMs: () => number, executions = executionsEach): Generator<string, readonly ExplorerRow[]> {
  const perSecond = (work: () => number): number => {
    const started = cpuMs();
    const done = work();
    return (done / Math.max(cpuMs() - started, 0.001)) * 1000;
  };
  /** The rates of a work; in `ratios` how often a generator could have been resumed in the time of one, both in the same rounds. */
  function* measure(name: string, work: () => number): Generator<string, { readonly rates: readonly number[]; readonly ratios: readonly number[] }> {
    const rates: number[] = [];
    const ratios: number[] = [];
    for (let round = 0; round < warm + counted; round++) {
      yield name;
      const resumed = perSecond(pingPong);
      const rate = perSecond(work);
      if (round < warm) continue;
      rates.push(rate);
      ratios.push(resumed / rate);
    }
    return { rates, ratios };
  }
  // The allocator first, since the engine specializes for what it has seen.
  const bare = yield* measure('allocator', () => allocatorSteps(loaded, false, executions));
  const judged = yield* measure('allocator, judged', () => allocatorSteps(loaded, true, executions));
  const program = yield* measure(fibonacci.name, programSteps);
  const rows: ExplorerRow[] = [];
  for (const test of largest) {
    const { rates } = yield* measure(test.name, () => runLitmus(test, { reduced: true, outcomes: false, bounds: false, now: cpuMs }).executions);
    rows.push(explorerRow(`${test.name}, one core`, 'executions/s', { least: 250_000 }, rates));
  }
  return [
    ...rows,
    explorerRow('allocator, clocks of the reduction only', 'steps/s', { least: 5_000_000 }, bare.rates),
    explorerRow('allocator, all that is judged', 'steps/s', { least: 2_000_000 }, judged.rates),
    explorerRow('step of fib_bench ÷ resumed generator', 'times', { most: 12 }, program.ratios),
    explorerRow('step of the allocator ÷ resumed generator', 'times', { most: 12 }, bare.ratios),
  ];
}

/** Steps of executions of small scenarios on an allocator. Here and below those count that an execution shares with the one before it. */
function allocatorSteps(loaded: LoadedSubject, judged: boolean, executions: number): number {
  const models = new Models();
  let done = 0;
  let left = executions;
  for (const scenario of enumerate(scopeOf({ frames: 2, threads: 2, ops: 2 }), loaded.subject.features ?? {})) {
    const judge = new ScenarioJudge(loaded, scenario, models);
    if (judge.execution === undefined) continue;
    for (const ending of explore(judge.execution, new Dpor(judgeDefaults.stepsMax, judge.execution.threads))) {
      done += judge.execution.depth;
      if (judged && judge.judge(ending) !== undefined) throw new Error('the allocator that is measured does not hold');
      if (--left === 0) return done;
    }
  }
  return done;
}

function programSteps(): number {
  const program = litmusProgram(fibonacci);
  const execution = new Execution(program, { stepsMax, intervals: true });
  let done = 0;
  for (const _ of explore(execution, new Dpor(stepsMax, program.threads))) done += execution.depth;
  return done;
}

/** Two generators that are resumed by turns, and do nothing: what a step costs at the very least. */
function pingPong(): number {
  const both = [counter(), counter()] as const;
  let sum = 0;
  for (let at = 0; at < resumes; at += 2) sum += (both[0].next(at).value as number) + (both[1].next(at).value as number);
  if (!Number.isFinite(sum)) throw new Error('a measured operation gave no number');
  return resumes;
}

function* counter(): Generator<number, never, number> {
  for (let seen = 0; ; ) seen = (seen + (yield seen)) | 0;
}
