import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Crew } from '../spec/crew.ts';
import type { Slice, Task, Work } from '../spec/frontier.ts';
import type { JudgeOptions } from '../spec/scenario-judge.ts';
import type { LitmusWants } from '../spec/litmus.ts';
import type { Parsed } from './options.ts';

/** What a worker is to explore. */
export type Duty = { readonly kind: 'check'; readonly target: string; readonly judging: JudgeOptions } | ({ readonly kind: 'litmus' } & LitmusWants);

interface Ticketed<W extends Work> {
  readonly ticket: number;
  readonly task: Task<W>;
}

export interface Batch<W extends Work> {
  readonly duty: number;
  readonly tasks: readonly Ticketed<W>[];
  /** By task: 1 once somebody has begun it. Shared, since a task may have been given to two threads: who begins it has it. */
  readonly begun: Int32Array;
}

export interface Results<S extends Slice> {
  readonly duty: number;
  readonly results: readonly { readonly ticket: number; readonly slice: S }[];
  /** Tasks of the batch that are out of the way: done, or begun by somebody else. */
  readonly over: number;
  readonly durationMs: number;
}
export interface Start {
  /** One word: 1 while tasks are to be stopped. */
  readonly halted: Int32Array;
}

export const jobsOption = { jobs: { placeholder: 'N', help: `threads that explore (default 1; here at most ${availableParallelism()} run at once); the report is the same for any number` } } as const;

export const jobsOf = (parsed: Parsed): number => parsed.count('jobs', 1, 256) ?? 1;

/** A batch is sized to take about this long: long enough that messages cost nothing, short enough that no thread is left waiting. */
const batchMs = 20;
const batchMax = 32;

interface Member<W extends Work> {
  readonly worker: Worker;
  /** Tasks handed over and not come back. */
  busy: number;
  /** Batches of which something may not be begun. */
  batches: Batch<W>[];
}

/** Worker threads that explore. Each loads the subject itself; what goes to and fro is plain data. */
export class Jobs<W extends Work, S extends Slice> implements Crew<W, S> {
  readonly #members: Member<W>[] = [];
  readonly #halted = new Int32Array(new SharedArrayBuffer(4));
  #duty = 0;
  #arrived: { ticket: number; slice: S }[] = [];
  #failure: Error | undefined;
  #batch = 1;
  #wake = (): void => {};
  #closing = false;

  constructor(count: number) {
    const file = new URL(`./jobs-worker${extname(import.meta.filename)}`, import.meta.url);
    for (let at = 0; at < count; at++) {
      const start: Start = { halted: this.#halted };
      const member: Member<W> = { worker: new Worker(file, { workerData: start }), busy: 0, batches: [] };
      member.worker.on('message', (results: Results<S>) => this.#hear(member, results));
      member.worker.on('error', (error: unknown) => this.#fail(error instanceof Error ? error : new Error(String(error))));
      member.worker.on('exit', (code) => this.#fail(new Error(`a thread that explores ended with code ${code}`)));
      this.#members.push(member);
    }
  }

  /** What the tasks to come are about; what is still under way is forgotten. */
  begin(duty: Duty): void {
    this.#duty++;
    this.#arrived = [];
    this.#batch = 1;
    for (const member of this.#members) {
      member.busy = 0;
      member.batches = [];
      member.worker.postMessage({ number: this.#duty, duty });
    }
  }

  wanted(): number {
    return this.#failure === undefined ? this.#members.reduce((sum, { busy }) => sum + this.#room(busy), 0) : 0;
  }

  give(tasks: readonly Ticketed<W>[]): void {
    let at = 0;
    // The idlest first, so that a few tasks are spread over all.
    for (const member of [...this.#members].sort((a, b) => a.busy - b.busy)) {
      const batch = tasks.slice(at, at + Math.min(this.#room(member.busy), Math.max(1, Math.ceil(tasks.length / this.#members.length))));
      if (batch.length === 0) continue;
      at += batch.length;
      this.#send(member, batch);
    }
    const [first] = this.#members;
    if (at < tasks.length && first !== undefined) this.#send(first, tasks.slice(at));
  }

  collect(): { ticket: number; slice: S }[] {
    if (this.#failure !== undefined) throw this.#failure;
    const arrived = this.#arrived;
    this.#arrived = [];
    return arrived;
  }

  halt(stopped: boolean): void {
    Atomics.store(this.#halted, 0, stopped ? 1 : 0);
  }

  /** Until something has arrived, but no longer than `ms`. */
  async arrival(ms: number): Promise<void> {
    if (this.#arrived.length > 0 || this.#failure !== undefined) return;
    this.#share();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#members.map(({ worker }) => worker.terminate()));
  }

  /** Two batches: one to work on and one to go on with. */
  #room(busy: number): number {
    return busy <= this.#batch ? 2 * this.#batch - busy : 0;
  }

  #send(member: Member<W>, tasks: readonly Ticketed<W>[], begun: Int32Array = new Int32Array(new SharedArrayBuffer(4 * tasks.length))): void {
    const batch: Batch<W> = { duty: this.#duty, tasks, begun };
    member.busy += tasks.length;
    member.batches.push(batch);
    member.worker.postMessage(batch);
  }

  /** Nothing is left to hand out: who is idle is given the last task that nobody has begun, as well as the one who has it. */
  #share(): void {
    for (const idle of this.#members.filter(({ busy }) => busy === 0)) {
      const batch = this.#members.flatMap(({ batches }) => batches).findLast(({ begun }) => begun.includes(0));
      if (batch === undefined) return;
      const last = batch.begun.lastIndexOf(0);
      this.#send(idle, batch.tasks.slice(last, last + 1), batch.begun.subarray(last, last + 1));
    }
  }

  #hear(member: Member<W>, { duty, results, over, durationMs }: Results<S>): void {
    if (duty !== this.#duty) return;
    member.busy -= over;
    member.batches = member.batches.filter(({ begun }) => begun.includes(0));
    this.#arrived.push(...results);
    this.#batch = Math.min(batchMax, 2 * this.#batch, Math.max(1, Math.round((batchMs * over) / Math.max(durationMs, 0.1))));
    this.#wake();
  }

  #fail(error: Error): void {
    if (this.#closing) return;
    this.#failure ??= error;
    this.#wake();
  }
}
