import { parentPort, workerData } from 'node:worker_threads';
import type { FrameRange, Handle, Subject } from '../spec/contract.ts';
import type { Finding } from '../spec/invariants.ts';
import { examineStanding } from '../spec/stress-examine.ts';
import { StressThread, type Atoms, type StressPlan } from '../spec/stress-load.ts';
import { rulesOf } from '../spec/subject.ts';
import { noisyHelpers } from './noisy-atomics.ts';
import { loadUnchanged } from './real-modules.ts';

/** What a thread of a stress run is given when it starts. */
export interface StressWorkerData {
  readonly file: string;
  readonly thread: number;
  readonly plan: StressPlan;
  readonly control: SharedArrayBuffer;
  readonly log: SharedArrayBuffer;
  /** A word on which the threads meet at the start of a round: how many have come to it since the beginning. */
  readonly gate: SharedArrayBuffer;
}

/** What it is asked for, one thing after the other. */
export type StressRequest =
  | { readonly kind: 'create' }
  | { readonly kind: 'attach'; readonly shared: unknown }
  | { readonly kind: 'round'; readonly number: number }
  | { readonly kind: 'examine'; readonly live: readonly FrameRange[] };

export type StressAnswer =
  | { readonly kind: 'loaded' | 'attached' }
  | { readonly kind: 'created'; readonly shared: unknown }
  | { readonly kind: 'done'; readonly trouble: string }
  | { readonly kind: 'examined'; readonly finding: Finding | undefined }
  /** Something outside of any operation failed. */
  | { readonly kind: 'failed'; readonly what: string; readonly message: string };

const { file, thread, plan, control, log, gate } = workerData as StressWorkerData;
const original: Atoms & Pick<typeof Atomics, 'wait' | 'notify'> = {
  load: Atomics.load, store: Atomics.store, add: Atomics.add, exchange: Atomics.exchange, compareExchange: Atomics.compareExchange, wait: Atomics.wait, notify: Atomics.notify,
};
const gateWord = new Int32Array(gate);
const controlWords = new Int32Array(control);

let subject: Subject;
let shared: unknown;
let handle: Handle;
let work: StressThread;

function answer(message: StressAnswer): void {
  parentPort?.postMessage(message);
}

/** Starts all threads at once, or the first would be done before the last has begun. */
function meet(round: number): void {
  const all = (round + 1) * plan.geometry.workers;
  original.add(gateWord, 0, 1);
  for (let spins = 0; ; spins++) {
    const come = original.load(gateWord, 0);
    if (come >= all) break;
    if (spins > 2000) original.wait(gateWord, 0, come, 1);
  }
  original.notify(gateWord, 0);
}

function handled(request: StressRequest): StressAnswer {
  switch (request.kind) {
    case 'create':
      return { kind: 'created', shared: subject.create(plan.geometry) };
    case 'attach':
      shared = request.shared;
      handle = subject.attach(shared, thread);
      work = new StressThread(subject, handle, plan, thread, controlWords, new Int32Array(log), original);
      return { kind: 'attached' };
    case 'round':
      meet(request.number);
      work.round(request.number);
      return { kind: 'done', trouble: work.trouble };
    case 'examine':
      return { kind: 'examined', finding: examineStanding(subject, shared, handle, plan.geometry, rulesOf(subject), request.live) };
  }
}

const whatFails = { create: 'create()', attach: 'attach()', round: 'a round', examine: 'what was asked when all threads stood still' } as const;

parentPort?.on('message', (request: StressRequest) => {
  try {
    answer(handled(request));
  } catch (error) {
    answer({ kind: 'failed', what: whatFails[request.kind], message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
  }
});
try {
  subject = await loadUnchanged(file, plan.noise === 0 ? undefined : noisyHelpers(plan.seed, thread, plan.noise));
  answer({ kind: 'loaded' });
} catch (error) {
  answer({ kind: 'failed', what: 'loading it', message: error instanceof Error ? error.message : String(error) });
}
