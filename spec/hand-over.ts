import fc from 'fast-check';
import { threadName } from './decision.ts';
import { isMemory, mode, Op, opNames, type View } from './explore/access.ts';
import { Execution } from './explore/execution.ts';
import { RandomWalks } from './explore/random.ts';
import { explore } from './explore/scheduler.ts';
import type { Site } from './explore/sites.ts';
import { NeverEnds } from './explore/waiting.ts';
import { arbitraryScenario } from './generate.ts';
import { buffersOf, bytesOf, cellName, operandsOf, type HandedStep } from './handed-steps.ts';
import { judgeDefaults } from './scenario-judge.ts';
import { ScenarioProgram } from './scenario-program.ts';
import type { Scenario } from './scenario.ts';
import { within, type Scope } from './scope.ts';
import type { LoadedSubject } from './subject.ts';
import { randomFrom } from './seeds.ts';
import { printScenario } from './token.ts';

/** An explored execution, to be run again: whose turn each step is, and what must come of it. */
export interface Schedule {
  readonly scenario: Scenario;
  readonly steps: readonly HandedStep[];
  /** The bytes of the shared buffers at the end. */
  readonly memory: readonly Uint8Array[];
  readonly places: readonly string[];
}

/**
 * Whether a real thread on source that is not rewritten can be stopped before an event: at `Atomics` and at the plain-access helpers, not at a raw index.
 * Those are plain accesses, ordered by the others around them, or races.
 */
function isSeen(op: number, site: Site | undefined): boolean {
  return (op !== Op.read && op !== Op.write) || /\bown(?:Read|Write)\b/.test(site?.text ?? '');
}

/** Executions by random turns of generated scenarios, one each. */
export function* sampleSchedules(loaded: LoadedSubject, scopes: readonly Scope[], count: number, seed: number): Generator<Schedule> {
  const { subject } = loaded;
  const possible = scopes.map((scope) => within(scope, subject.limits, subject.features ?? {})).filter((scope) => typeof scope !== 'string');
  const random = randomFrom(seed);
  for (let made = 0, tried = 0; made < count && tried < 4 * count && possible.length > 0; tried++) {
    const scope = possible[tried % possible.length] as Scope;
    const [scenario] = fc.sample(arbitraryScenario(scope, subject.features ?? {}), { seed: (seed + tried) | 0, numRuns: 1 });
    const schedule = scenario === undefined ? undefined : scheduleOf(loaded, scenario, random);
    if (schedule === undefined) continue;
    made++;
    yield schedule;
  }
}

/** A random execution of a scenario, or undefined if it does not end. */
export function scheduleOf(loaded: LoadedSubject, scenario: Scenario, random: () => number): Schedule | undefined {
  mode.live = true;
  try {
    const program = new ScenarioProgram(loaded.subject, scenario);
    const buffers = buffersOf(program.shared);
    const execution = new Execution(program, judgeDefaults);
    if (explore(execution, new RandomWalks(1, random)).next().value !== 'complete') return undefined;
    return recorded(loaded, scenario, execution, buffers);
  } catch (error) {
    if (error instanceof NeverEnds) return undefined;
    throw error;
  } finally {
    mode.live = false;
  }
}

const isAboutSleep = (op: number): boolean => op === Op.wait || op === Op.wake || op === Op.notify;

function recorded({ sites }: LoadedSubject, scenario: Scenario, execution: Execution, buffers: readonly SharedArrayBuffer[]): Schedule {
  const steps: HandedStep[] = [];
  const places: string[] = [];
  for (let at = 0; at < execution.depth; at++) {
    const op = execution.op[at] as number;
    const site = sites[execution.site[at] as number];
    const memory = isMemory(op);
    if (!isSeen(op, site)) continue;
    const view = execution.view[at] as View;
    steps.push({
      thread: execution.thread[at] as number, op,
      cell: memory || isAboutSleep(op) ? cellName(view, execution.index[at] as number, buffers) : '', operands: memory || isAboutSleep(op) ? operandsOf(op, execution.operand[at], execution.expected[at]) : '',
      before: memory ? String(execution.before[at]) : '', after: memory ? String(execution.after[at]) : '', value: op === Op.pause ? '' : String(execution.value[at]),
    });
    places.push(site === undefined ? '' : `${site.file}:${site.line}`);
  }
  return { scenario, steps, places, memory: bytesOf(buffers) };
}

/** What real threads did with a schedule. */
export interface HandedOver {
  readonly steps: readonly HandedStep[];
  readonly memory: readonly Uint8Array[];
  /** Why they did not come to its end; empty: they did. */
  readonly stopped: string;
}

/** The first difference between an explored execution and what real threads did on the same turns; undefined: none. */
export function firstDeparture({ scenario, steps, places, memory }: Schedule, real: HandedOver): string | undefined {
  const where = (at: number): string => `step ${at + 1} of ${steps.length} in ${printScenario(scenario)}${places[at] === undefined || places[at] === '' ? '' : ` (${places[at]})`}`;
  for (let at = 0; at < Math.max(steps.length, real.steps.length); at++) {
    const [explored, done] = [steps[at], real.steps[at]];
    if (explored !== undefined && done !== undefined && describeStep(explored) === describeStep(done)) continue;
    if (done === undefined) return `${where(at)}: explored ${describeStep(explored)}; the real thread did nothing${real.stopped === '' ? '' : `: ${real.stopped}`}`;
    return `${where(at)}: explored ${describeStep(explored)}; on real threads ${describeStep(done)}`;
  }
  if (real.stopped !== '') return `after all steps of ${printScenario(scenario)}: ${real.stopped}`;
  for (const [number, bytes] of memory.entries()) {
    const other = real.memory[number];
    const offset = bytes.findIndex((byte, at) => byte !== other?.[at]);
    if (offset >= 0) return `after all steps of ${printScenario(scenario)}: byte ${offset} of buffer ${number} is ${bytes[offset]} when explored, ${other?.[offset] ?? 'missing'} on real threads`;
  }
  return undefined;
}

function describeStep(step: HandedStep | undefined): string {
  if (step === undefined) return 'nothing';
  const { thread, op, cell, operands, before, after, value } = step;
  const access = cell === '' ? '' : ` of ${cell}${operands === '' ? '' : ` with ${operands}`}${before === '' ? '' : `, ${before} ⇒ ${after}`}`;
  return `${threadName(thread)}: ${opNames[op] ?? op}${access}${value === '' ? '' : `, giving ${value}`}`;
}
