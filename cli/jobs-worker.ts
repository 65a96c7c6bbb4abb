import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import type { Slice, Task, Work } from '../spec/frontier.ts';
import type { Batch, Duty, Results, Start } from './jobs.ts';
import { showRealWarnings } from './warnings.ts';

// One of the threads of `--jobs`: explores what it is told to, and says what came of it.

showRealWarnings();
const port = parentPort as MessagePort;
const { halted } = workerData as Start;
const isHalted = (): boolean => Atomics.load(halted, 0) === 1;
/** Results of so much work are told before the batch is over: what they leave to be explored is work for others. */
const worthMs = 2;

interface AnyExplorer {
  slice(task: Task<Work>): Generator<number, Slice, boolean>;
}

let duty = 0;
let explorer: Promise<AnyExplorer> | undefined;

port.on('message', (message: { readonly number: number; readonly duty: Duty } | Batch<Work>) => {
  if ('number' in message) {
    duty = message.number;
    explorer = explorerOf(message.duty);
    return;
  }
  // What was handed over for an earlier duty is of no use any more.
  if (message.duty === duty) void explorer?.then((ready) => run(ready, message));
});

/** Modules are loaded when they are needed: what rewrites subjects takes longer to start than a litmus program to explore. */
async function explorerOf(wanted: Duty): Promise<AnyExplorer> {
  if (wanted.kind === 'litmus') return new (await import('../spec/litmus-slice.ts')).LitmusExplorer(wanted);
  const [{ Explorer }, { loadSubject }] = await Promise.all([import('../spec/slice.ts'), import('./subjects.ts')]);
  return new Explorer(await loadSubject(wanted.target), wanted.judging);
}

function run(ready: AnyExplorer, { duty, tasks, begun }: Batch<Work>): void {
  let posted = performance.now();
  let results: Results<Slice>['results'][number][] = [];
  let over = 0;
  for (const [at, { ticket, task }] of tasks.entries()) {
    over++;
    if (Atomics.exchange(begun, at, 1) === 0) results.push({ ticket, slice: isHalted() ? { runs: 0, rest: [], stopped: true, last: false } : finish(ready.slice(task)) });
    const now = performance.now();
    if (now - posted < worthMs && at + 1 < tasks.length) continue;
    port.postMessage({ duty, results, over, durationMs: now - posted } satisfies Results<Slice>);
    posted = now;
    results = [];
    over = 0;
  }
}

function finish(running: Generator<number, Slice, boolean>): Slice {
  let step = running.next(false);
  while (step.done !== true) step = running.next(isHalted());
  return step.value;
}
