import type { CheckContext } from '../spec/check.ts';
import type { Scope } from '../spec/scope.ts';
import { geometryOf, scopeOf, within } from '../spec/scope.ts';
import type { StressPlan } from '../spec/stress-load.ts';
import type { StressRunReport } from '../spec/stress-report.ts';
import type { LoadedSubject } from '../spec/subject.ts';
import { whyNoGeometry } from '../spec/token.ts';
import { UsageError } from './exit-codes.ts';
import type { OptionSpecs, Parsed } from './options.ts';
import { stress } from './stress.ts';
import { fileOf } from './subjects.ts';

const opsDefault = 500_000;
const opsPerRoundMax = 250;
const framesDefault = 64;
const chunkDefault = 8;
const noiseDefault = 16;
/** Heartbeats of a tenth of a second. */
const patience = 100;

/** What `--strategy stress` is asked for; what is left out depends on the subject. */
export interface StressWish {
  readonly frames: number | undefined;
  readonly chunkFrames: number | undefined;
  readonly threads: number;
  readonly opsPerThread: number;
  readonly seed: number;
  /** Undefined: once undisturbed, once with the default. */
  readonly noise: number | undefined;
}

export const stressOptions: OptionSpecs = {
  noise: { placeholder: 'N', help: 'stress: delay one access in N, 0 none (default: one run with none, one with 16)' },
};

export function stressWish(parsed: Parsed, seed: number): StressWish | undefined {
  const noise = parsed.count('noise', 0, 1_000_000);
  if (!parsed.texts('strategy').includes('stress')) {
    if (noise !== undefined) throw new UsageError('--noise belongs to --strategy stress');
    return undefined;
  }
  const frames = parsed.count('frames', 1, 4096);
  const chunkFrames = parsed.count('chunk', 1, 4096);
  const threads = parsed.count('threads', 2, 16) ?? 2;
  const why = whyNoGeometry(geometryOf(scopeOf({ frames: frames ?? framesDefault, chunkFrames: chunkFrames ?? chunkDefault, threads, ops: 1 })));
  if (why !== undefined) throw new UsageError(`impossible geometry: ${why}`);
  // Beside a scope that is explored, --ops is the scope's.
  const isAlone = parsed.texts('strategy').every((name) => name === 'stress');
  return {
    frames, chunkFrames, threads,
    opsPerThread: (isAlone ? parsed.count('ops', 1, 20_000_000) : undefined) ?? opsDefault, seed, noise,
  };
}

/** The runs that a wish means for a subject, or why it cannot go along. */
export function stressPlans(wish: StressWish, { subject }: LoadedSubject): StressPlan[] | string {
  const frames = wish.frames ?? Math.min(framesDefault, subject.limits?.framesMax ?? framesDefault);
  const chunkFrames = wish.chunkFrames ?? Math.min(chunkDefault, 2 ** Math.max(1, Math.floor(Math.log2(frames)) - 1));
  const asked: Scope = scopeOf({ frames, chunkFrames, threads: wish.threads, ops: 1 });
  const scope = within(asked, subject.limits, subject.features ?? {});
  if (typeof scope === 'string') return scope;
  const noises = wish.noise === undefined ? [0, noiseDefault] : [wish.noise];
  return noises.map((noise) => ({ geometry: geometryOf(scope), opsPerThread: wish.opsPerThread, opsPerRound: Math.min(opsPerRoundMax, wish.opsPerThread), seed: wish.seed, noise, patience }));
}

/** Runs a subject on real threads until something is found. */
export async function stressRuns(loaded: LoadedSubject, target: string, plans: readonly StressPlan[], context: CheckContext, progress: (calls: number) => void): Promise<StressRunReport[]> {
  const runs: StressRunReport[] = [];
  for (const plan of plans) {
    if (runs.some(({ outcome }) => outcome.cut || outcome.found !== undefined)) break;
    runs.push({ plan, outcome: await stress(loaded, fileOf(target), plan, context, progress) });
  }
  return runs;
}
