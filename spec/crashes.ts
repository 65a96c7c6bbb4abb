import { Execution, type Crash } from './explore/execution.ts';
import type { Subject } from './contract.ts';
import type { CrashPurpose } from './crash-judge.ts';
import { mode } from './explore/access.ts';
import type { InvariantId } from './invariants.ts';
import type { Phase } from './plan.ts';
import type { Scenario } from './scenario.ts';
import { ScenarioProgram } from './scenario-program.ts';
import type { LoadedSubject } from './subject.ts';

/** Sets of threads to stop for ever, by their size, and what for. */
export interface Stopped {
  readonly purpose: CrashPurpose;
  readonly least: number;
  readonly most: number;
}

/** One scenario with threads that stop for ever after so many own steps. */
export interface Variant {
  readonly scenario: Scenario;
  readonly crashes: readonly Crash[];
  readonly purpose: CrashPurpose;
}

/** What is judged with them. */
export const rulesOf: Readonly<Record<CrashPurpose, readonly InvariantId[]>> = { crash: ['FP-CRS-1', 'FP-CRS-2', 'FP-CRS-3'], 'lock-free': ['FP-LFR-1'], 'obstruction-free': ['FP-OBF-1'] };

/** What a subject claims of executions with threads that stopped for ever. */
export function claimsOf({ features = {}, progress = {} }: Subject): CrashPurpose[] {
  const kinds = Object.values(progress).map((each) => (typeof each === 'string' ? each : each.kind));
  return (['crash', 'lock-free', 'obstruction-free'] as const).filter((purpose) => (purpose === 'crash' ? features.crash === true : kinds.includes(purpose)));
}

/** Which threads a phase stops; undefined: it stops none; empty: the subject claims nothing that would be judged so. */
export function stoppedIn(phase: Phase, subject: Subject): readonly Stopped[] | undefined {
  if (phase.strategy !== 'crash' && phase.strategy !== 'progress') return undefined;
  const others = phase.scope.threads - 1;
  return claimsOf(subject).flatMap((purpose): Stopped[] => {
    if ((purpose === 'crash') !== (phase.strategy === 'crash')) return [];
    if (phase.strategy === 'crash') return [{ purpose, least: 1, most: phase.crashes }];
    return [{ purpose, least: purpose === 'obstruction-free' ? others : 1, most: others }];
  });
}

/** Every such variant of a scenario; where the subject can, also with the dead declared so. Resumed with whether an execution was seen in which all of them stopped. */
export function* variants(loaded: LoadedSubject, scenario: Scenario, stopped: readonly Stopped[]): Generator<Variant, void, boolean> {
  for (const { purpose, least, most } of stopped) {
    for (let count = least; count <= Math.min(most, scenario.threads.length); count++) {
      const ways = truncations(scenario.threads.length, count);
      for (let way = ways.next(false); way.done !== true; ) {
        const crashes = way.value;
        let reached = yield { scenario, crashes, purpose };
        const buried = purpose === 'crash' ? withBurials(loaded, scenario, crashes) : undefined;
        if (reached && buried !== undefined) reached = (yield { scenario: buried, crashes, purpose }) || reached;
        way = ways.next(reached);
      }
    }
  }
}

/** The scenario without those who declare others dead. */
export function withoutBurials(scenario: Scenario): Scenario {
  const threads = scenario.threads.filter((commands) => commands[0]?.name !== 'bury');
  return threads.length === scenario.threads.length ? scenario : { ...scenario, geometry: { ...scenario.geometry, workers: scenario.geometry.workers - scenario.threads.length + threads.length }, threads };
}

/**
 * Every way in which exactly `count` of some threads stop for ever after a number of own steps. Resumed with whether an execution was seen
 * in which all of them did: if not, a thread has fewer steps, and so it ends.
 */
function* truncations(threads: number, count: number): Generator<readonly Crash[], void, boolean> {
  for (const dead of subsets(threads, count)) yield* stopped(dead, []);
}

function* stopped(dead: readonly number[], chosen: readonly Crash[]): Generator<readonly Crash[], boolean, boolean> {
  const [thread, ...others] = dead;
  if (thread === undefined) return yield chosen;
  for (let steps = 1; ; steps++) if (!(yield* stopped(others, [...chosen, { thread, steps }]))) return steps > 1;
}

function subsets(threads: number, count: number, from = 0): number[][] {
  if (count === 0) return [[]];
  return Array.from({ length: Math.max(0, threads - from) }, (_, at) => from + at).flatMap((thread) => subsets(threads, count - 1, thread + 1).map((rest) => [thread, ...rest]));
}

/** The scenario with one more worker for each of the dead, who declares it so once it is; undefined if the subject takes no more workers or has no bury(). */
function withBurials(loaded: LoadedSubject, scenario: Scenario, crashes: readonly Crash[]): Scenario | undefined {
  const workers = scenario.geometry.workers + crashes.length;
  if (workers > (loaded.subject.limits?.workersMax ?? Infinity)) return undefined;
  const burials = crashes.map(({ thread }) => [{ name: 'bury' as const, dead: thread }]);
  const buried: Scenario = { ...scenario, geometry: { ...scenario.geometry, workers }, threads: [...scenario.threads, ...burials] };
  return hasBury(loaded, buried) ? buried : undefined;
}

function hasBury({ subject }: LoadedSubject, scenario: Scenario): boolean {
  const { live } = mode;
  const program = new ScenarioProgram(subject, { ...scenario, prefix: [], threads: [[]] });
  try {
    return new Execution(program, { stepsMax: 1, intervals: true }).alone(program.attach(0), true).bury !== undefined;
  } finally {
    mode.live = live;
  }
}
