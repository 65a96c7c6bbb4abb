import type { CheckContext } from '../spec/check.ts';
import { threadName } from '../spec/decision.ts';
import type { HistoryCall } from '../spec/history.ts';
import { finding } from '../spec/invariants.ts';
import { describeOperation } from '../spec/linearizability.ts';
import { StressJudge, type StressFinding } from '../spec/stress-judge.ts';
import { callsAt, callsMax, callsOf, callWords, controlWords, stampsOf, type StressPlan } from '../spec/stress-load.ts';
import type { StressOutcome } from '../spec/stress-report.ts';
import { rulesOf, type LoadedSubject } from '../spec/subject.ts';
import { askAll, beatMs, RealThread } from './stress-host.ts';
import type { StressAnswer, StressRequest, StressWorkerData } from './stress-worker.ts';

/** Runs a subject on real threads, round by round, and judges each round before the next. `progress` hears of each heartbeat. */
export async function stress(loaded: LoadedSubject, file: string, plan: StressPlan, context: CheckContext, progress: (calls: number) => void): Promise<StressOutcome> {
  const run = new StressRun(loaded, file, plan, context, progress);
  try {
    return await run.outcome();
  } finally {
    await run.end();
  }
}

/** Heartbeats that loading a module may take, on whatever machine. */
const patienceAtFirst = 600;

type StressHost = RealThread<StressRequest, StressAnswer>;

class StressRun {
  readonly #loaded: LoadedSubject;
  readonly #plan: StressPlan;
  readonly #context: CheckContext;
  readonly #progress: (calls: number) => void;
  readonly #threads: StressHost[];
  readonly #logs: Int32Array[];
  readonly #control: SharedArrayBuffer;
  readonly #words: Int32Array;
  #calls = 0;
  #rounds = 0;

  constructor(loaded: LoadedSubject, file: string, plan: StressPlan, context: CheckContext, progress: (calls: number) => void) {
    this.#loaded = loaded;
    this.#plan = plan;
    this.#context = context;
    this.#progress = progress;
    const { workers } = plan.geometry;
    this.#control = new SharedArrayBuffer(4 * controlWords(workers));
    this.#words = new Int32Array(this.#control);
    const gate = new SharedArrayBuffer(4);
    const logs = Array.from({ length: workers }, () => new SharedArrayBuffer(4 * callWords * callsMax(plan)));
    this.#logs = logs.map((log) => new Int32Array(log));
    this.#threads = logs.map((log, thread) => new RealThread('stress-worker', { file, thread, plan, control: this.#control, log, gate } satisfies StressWorkerData, loaded.module));
  }

  async outcome(): Promise<StressOutcome> {
    const started = this.#context.now();
    const { geometry, opsPerThread, opsPerRound } = this.#plan;
    const { subject } = this.#loaded;
    const judge = new StressJudge(geometry, rulesOf(subject), subject.features?.caches === true);
    const rounds = Math.ceil(opsPerThread / opsPerRound);
    const ended = (found: StressFinding | undefined, cut: boolean): StressOutcome => ({
      calls: this.#calls, rounds: this.#rounds, outOfMemory: judge.outOfMemory, found, cut, durationMs: this.#context.now() - started,
    });
    const ready = await this.#set();
    if (ready !== undefined) return ended(ready === 'stopped' ? undefined : ready, ready === 'stopped');
    for (let round = 0; round < rounds; round++) {
      const answers = await this.#all(this.#threads, { kind: 'round', number: round });
      if (answers === 'stopped') return ended(undefined, true);
      if (answers === 'hangs') return ended(this.#hanging(), false);
      const calls = this.#logs.flatMap((log, thread) => callsOf(log, thread, Atomics.load(this.#words, callsAt(thread)), true));
      this.#calls += calls.length;
      this.#rounds++;
      const wrong = judge.round(calls);
      const trouble = answers.find((answer) => answer.kind === 'done' && answer.trouble !== '');
      if (wrong !== undefined) return ended(trouble?.kind === 'done' && wrong.finding.invariant === 'FP-EXC-1' ? withTrouble(wrong, trouble.trouble) : wrong, false);
      const examined = await this.#all(this.#threads.slice(0, 1), { kind: 'examine', live: judge.live().map(({ start, count }) => ({ start, count })) });
      if (examined === 'stopped') return ended(undefined, true);
      if (examined === 'hangs') return ended({ finding: finding('FP-PRG-1', 'an operation asked when all threads stood still does not end'), calls: [] }, false);
      const [answer] = examined;
      if (answer?.kind === 'examined' && answer.finding !== undefined) return ended({ finding: answer.finding, calls: lastOf(calls) }, false);
    }
    return ended(undefined, false);
  }

  async end(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.end()));
  }

  /** Lays the memory out and attaches every thread. */
  async #set(): Promise<StressFinding | 'stopped' | undefined> {
    const hangs = (what: string): StressFinding => ({ finding: finding('FP-PRG-1', `${what} does not end`), calls: [] });
    const loadedAll = await this.#all(this.#threads, undefined);
    if (typeof loadedAll === 'string') return loadedAll === 'stopped' ? 'stopped' : hangs('loading it');
    const created = await this.#all(this.#threads.slice(0, 1), { kind: 'create' });
    if (typeof created === 'string') return created === 'stopped' ? 'stopped' : hangs('create()');
    const [answer] = created;
    const shared = answer?.kind === 'created' ? answer.shared : undefined;
    // One after the other: attach() of one worker may count on that of another being over.
    for (const thread of this.#threads) {
      const attached = await this.#all([thread], { kind: 'attach', shared });
      if (typeof attached === 'string') return attached === 'stopped' ? 'stopped' : hangs('attach()');
    }
    return undefined;
  }

  /** What some threads answer to a request (none: what they say unasked), unless nothing happens any more or the run is to stop. */
  async #all(threads: readonly StressHost[], request: StressRequest | undefined): Promise<readonly StressAnswer[] | 'hangs' | 'stopped'> {
    return askAll(threads, request, {
      moved: () => stampsOf(this.#words), patience: request?.kind === 'round' || request?.kind === 'examine' ? this.#plan.patience : patienceAtFirst, stop: this.#context.stop,
      beat: () => {
        this.#progress(this.#calls);
      },
    });
  }

  /** No call has begun or ended for a long time: the calls that hang, and whether anybody but them was in the middle of something. */
  #hanging(): StressFinding {
    const open = this.#logs.flatMap((log, thread) => (this.#threads[thread]?.answered === true ? [] : callsOf(log, thread, Atomics.load(this.#words, callsAt(thread)), false).slice(-1)));
    const names = open.map((call) => `${threadName(call.thread)}: ${describeOperation(call.operation)} (stamp ${call.invoked})`).join(' and ');
    const seconds = (beatMs * this.#plan.patience) / 1000;
    if (open.length === 1) return { finding: finding('FP-PRG-1', `${names} does not end: for ${seconds} s nobody else was in the middle of an operation`), calls: open };
    return { finding: finding('FP-PRG-2', `${names === '' ? 'the threads' : names} wait for each other: for ${seconds} s no operation has begun or ended`), calls: open };
  }
}

const withTrouble = ({ finding: found, calls }: StressFinding, trouble: string): StressFinding => ({ finding: { ...found, message: found.message.replace('gave no answer', trouble) }, calls });

/** The last call of each thread. */
function lastOf(calls: readonly HistoryCall[]): HistoryCall[] {
  const last = new Map<number, HistoryCall>();
  for (const call of calls) if (call.returned > (last.get(call.thread)?.returned ?? -1)) last.set(call.thread, call);
  return [...last.values()].sort((a, b) => a.invoked - b.invoked);
}
