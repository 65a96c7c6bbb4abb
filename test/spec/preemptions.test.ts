import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mode } from '../../spec/explore/access.ts';
import { Dpor, Unreduced } from '../../spec/explore/dpor.ts';
import { Execution } from '../../spec/explore/execution.ts';
import { litmusProgram, readLitmus, type LitmusTest } from '../../spec/explore/litmus.ts';
import { BoundedPreemptions } from '../../spec/explore/preemptions.ts';
import { explore, type Ending, type Scheduler } from '../../spec/explore/scheduler.ts';
import { countPreemptions } from '../../spec/counterexample.ts';
import { Models } from '../../spec/models.ts';
import { ScenarioJudge } from '../../spec/scenario-judge.ts';
import { parseScenario } from '../../spec/token.ts';
import { load, loadText } from '../support/subjects.ts';

interface Oracle {
  readonly name: string;
  readonly executionsByPreemptionBound?: { readonly bruteForce: readonly number[] };
}

const json = JSON.parse(readFileSync(join(import.meta.dirname, '../litmus/sc-litmus.json'), 'utf8')) as { programs: Oracle[] };
const programs = readLitmus(json);
const stepsMax = 500;

/** The same for all executions of one trace: what each event of each thread follows. */
function traceOf(execution: Execution): string {
  const { threads, count, order } = execution;
  let text = '';
  for (let thread = 0; thread < threads; thread++) {
    for (let k = 0; k < (count[thread] as number); k++) {
      const at = execution.position(thread, k);
      text += `${order.clock.subarray(at * threads, (at + 1) * threads).join()};`;
    }
    text += '|';
  }
  return text;
}

const turnsOf = ({ thread, depth }: Execution): number[] => Array.from(thread.subarray(0, depth));

/** The traces that a search runs to their end or until nothing can go on, none twice, each with the turns that ran it. */
function traces(execution: Execution, scheduler: Scheduler, endings: readonly Ending[] = ['complete', 'blocked']): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const ending of explore(execution, scheduler)) {
    if (!endings.includes(ending)) continue;
    const trace = traceOf(execution);
    if (found.has(trace)) throw new Error(`${turnsOf(execution).join()} was seen before, as ${found.get(trace)?.join()}`);
    found.set(trace, turnsOf(execution));
  }
  return found;
}

const executionOf = (program: LitmusTest): Execution => new Execution(litmusProgram(program), { stepsMax, intervals: true });

describe('within k preemptions, exactly the known number of traces', () => {
  const known = json.programs.flatMap(({ name, executionsByPreemptionBound }, index) => (executionsByPreemptionBound === undefined ? [] : [{ name, bounds: executionsByPreemptionBound.bruteForce, program: programs[index] as LitmusTest }]));

  test('of 129 programs', () => {
    expect(known.length).toBe(129);
  });

  test.each(known)('$name: $bounds', ({ bounds, program }) => {
    const threads = program.threads.length;
    const counted = bounds.map((_, bound) => {
      const found = traces(executionOf(program), new BoundedPreemptions(stepsMax, threads, bound), ['complete']);
      const again = executionOf(program);
      for (const turns of found.values()) expect(countPreemptions(turns, again)).toBeLessThanOrEqual(bound);
      return found.size;
    });
    expect(counted).toEqual(bounds);
    const scheduler = new BoundedPreemptions(stepsMax, threads, bounds.length + 5);
    expect(traces(executionOf(program), scheduler, ['complete']).size).toBe(bounds.at(-1));
    expect(scheduler.limited).toBe(false);
  });
});

/** Each worker has a frame of its own; the third waits for either of the others. */
const waiting = (waits: string, wakes: string): string => `
  import { defineSubject } from 'frameproof';
  import { pause } from 'frameproof/impl';
  export default defineSubject({
    name: 'waiting', limits: { framesMax: 3 },
    create: ({ firstFrame }) => ({ memory: new SharedArrayBuffer(12), firstFrame }),
    attach: ({ memory, firstFrame }, worker) => {
      const words = new Int32Array(memory);
      return {
        allocate: (_count: number): number => {
          if (worker === 2) { ${waits} } else { ${wakes} }
          return firstFrame + worker;
        },
        free: (_frame: number, _count: number): number => -4,
      };
    },
  });`;

describe('of a scenario', () => {
  const judge = { stepsMax, intervals: true };
  const three = 'f3c2o2 | A: allocate(1) B: allocate(1) C: allocate(1)';
  const cases = [
    ['frames handed over', 'builtin:hybrid', 'f2c2o1 | A: a=allocate(1); allocate(1) B: free(a)'],
    ['three threads, one of which spins for either of the others', waiting('while (Atomics.load(words, 1) === 0 && Atomics.load(words, 2) === 0) pause();', 'Atomics.store(words, 1 + worker, 1);'), three],
    ['three threads, one of which sleeps for either of the others', waiting('Atomics.wait(words, 1, 0);', 'Atomics.store(words, 1, 1); Atomics.notify(words, 1, 1);'), three],
  ] as const;

  test.each(cases)('every trace is found once, by the fewest preemptions of all its orders: %s', async (_name, target, token) => {
    const loaded = target.startsWith('builtin:') ? await load(target) : await loadText(target);
    const scenario = parseScenario(token);
    mode.live = true;
    const made = (): Execution => new ScenarioJudge(loaded, scenario, new Models(), judge).execution as Execution;
    const again = made();
    const fewest = new Map<string, number>();
    const every = made();
    for (const _ending of explore(every, new Unreduced(stepsMax))) {
      const trace = traceOf(every);
      fewest.set(trace, Math.min(fewest.get(trace) ?? Infinity, countPreemptions(turnsOf(every), again)));
    }
    const bounded = new Map([...traces(made(), new BoundedPreemptions(stepsMax, scenario.threads.length, 40))].map(([trace, turns]) => [trace, countPreemptions(turns, again)]));
    expect(bounded).toEqual(fewest);
    expect(new Set(traces(made(), new Dpor(stepsMax, 31)).keys())).toEqual(new Set(fewest.keys()));
    expect(fewest.size).toBeGreaterThan(3);
    mode.live = false;
  });
});
