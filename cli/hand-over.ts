import { firstDeparture, type HandedOver, type Schedule } from '../spec/hand-over.ts';
import { buffersOf, bytesOf } from '../spec/handed-steps.ts';
import { unbound } from '../spec/explore/program.ts';
import { commandsOf } from '../spec/scenario.ts';
import type { HandOverAnswer, HandOverRequest, HandOverWorkerData } from './hand-over-worker.ts';
import { askAll, RealThread } from './stress-host.ts';

/** What came of running schedules again on real threads. */
export interface CrossCheck {
  readonly schedules: number;
  readonly steps: number;
  /** Where the first of them went another way than when it was explored; undefined: all went the same. */
  readonly departure: string | undefined;
  readonly cut: boolean;
}

/** Heartbeats without a step after which real threads are said to hang; and as many that loading a module may take, on whatever machine. */
const patience = 100;
const patienceAtFirst = 600;

/**
 * Runs explored schedules again with real threads, on the subject's module `file` as Node loads it: none of it is rewritten, `Atomics` and the plain-access helpers
 * wait for their turn. The same steps must give the same values, and leave the same memory.
 */
export async function crossCheck(file: string, module: string, schedules: readonly Schedule[], stop: () => boolean): Promise<CrossCheck> {
  const threads = Math.max(0, ...schedules.map(({ scenario }) => workersOf(scenario)));
  const control = new SharedArrayBuffer(4 * (2 + 4 * threads));
  const words = new Int32Array(control);
  const pool = Array.from({ length: threads }, (_, thread): Host => new RealThread('hand-over-worker', { file, thread, control } satisfies HandOverWorkerData, module));
  let steps = 0;
  try {
    const beats = { moved: () => Atomics.load(words, 0), patience, stop };
    const loaded = await askAll(pool, undefined, { ...beats, patience: patienceAtFirst });
    for (const [number, schedule] of schedules.entries()) {
      words.fill(0);
      const real = loaded === 'stopped' ? undefined : await handOver(pool, schedule, words, beats);
      if (real === undefined) return { schedules: number, steps, departure: undefined, cut: true };
      const departure = firstDeparture(schedule, real);
      if (departure !== undefined) return { schedules: number, steps, departure, cut: false };
      steps += schedule.steps.length;
    }
    return { schedules: schedules.length, steps, departure: undefined, cut: false };
  } finally {
    await Promise.all(pool.map((thread) => thread.end()));
  }
}

type Host = RealThread<HandOverRequest, HandOverAnswer>;

const workersOf = ({ threads, prefix }: Schedule['scenario']): number => Math.max(threads.length, ...prefix.map(({ worker }) => worker + 1));

/** One schedule; undefined when it is to stop. */
async function handOver(pool: readonly Host[], { scenario, steps }: Schedule, words: Int32Array, beats: Parameters<typeof askAll>[2]): Promise<HandedOver | undefined> {
  const workers = pool.slice(0, workersOf(scenario));
  const one = (thread: number): Host[] => [pool[thread] as Host];
  const stuck = (what: string): HandedOver => ({ steps: [], memory: [], stopped: `${what} does not end` });
  const created = await askAll(one(0), { kind: 'create', geometry: scenario.geometry }, beats);
  if (created === 'stopped') return undefined;
  const [answer] = typeof created === 'string' ? [] : created;
  if (answer?.kind !== 'created') return stuck('create()');
  const { shared } = answer;
  const variables = new SharedArrayBuffer(4 * Math.max(1, commandsOf(scenario).length));
  new Int32Array(variables).fill(unbound);
  // As the explorer does it: every worker attaches, one after the other, and then the prefix runs in its order.
  const settings = [
    ...workers.map((_, thread) => ({ thread, request: { kind: 'attach', shared, scenario, variables } as const })),
    ...scenario.prefix.map(({ worker }, number) => ({ thread: worker, request: { kind: 'prefix', number } as const })),
  ];
  for (const { thread, request } of settings) {
    const set = await askAll(one(thread), request, beats);
    if (set === 'stopped') return undefined;
    if (set === 'hangs') return stuck(request.kind === 'attach' ? 'attach()' : 'the prefix');
  }
  const ran = await askAll(pool.slice(0, scenario.threads.length), { kind: 'run', turns: Uint8Array.from(steps, ({ thread }) => thread) }, beats);
  if (ran === 'stopped') return undefined;
  if (ran === 'hangs') return { steps: [], memory: [], stopped: `nothing happens after step ${Atomics.load(words, 0)}` };
  const done = ran.filter((each) => each.kind === 'ran');
  const reasons = done.map(({ stopped }) => stopped).filter((stopped) => stopped !== '');
  return {
    steps: done.flatMap((each) => each.steps).sort((a, b) => a.at - b.at),
    memory: bytesOf(buffersOf(shared)),
    stopped: reasons.find((reason) => !reason.startsWith('another')) ?? reasons[0] ?? '',
  };
}
