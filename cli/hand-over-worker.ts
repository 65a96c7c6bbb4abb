import { parentPort, workerData } from 'node:worker_threads';
import { entryOf, type Command } from '../spec/commands/index.ts';
import type { Geometry, Handle, Subject } from '../spec/contract.ts';
import { Op, type View } from '../spec/explore/access.ts';
import { buffersOf, cellName, operandsOf, type HandedStep } from '../spec/handed-steps.ts';
import { threw } from '../spec/history.ts';
import { countsOf, type Scenario } from '../spec/scenario.ts';
import { loadUnchanged } from './real-modules.ts';

/** What a real thread is given when it starts. `control`: the number of the step whose turn it is, whether all is over, and who sleeps. */
export interface HandOverWorkerData {
  readonly file: string;
  readonly thread: number;
  readonly control: SharedArrayBuffer;
}

export type HandOverRequest =
  | { readonly kind: 'create'; readonly geometry: Geometry }
  | { readonly kind: 'attach'; readonly shared: unknown; readonly scenario: Scenario; readonly variables: SharedArrayBuffer }
  /** Runs a command of the prefix. */
  | { readonly kind: 'prefix'; readonly number: number }
  /** Runs its commands, each step when `turns` says so. */
  | { readonly kind: 'run'; readonly turns: Uint8Array };

export type HandOverAnswer =
  | { readonly kind: 'loaded' | 'attached' | 'prefixed' }
  | { readonly kind: 'created'; readonly shared: unknown }
  /** Steps with their number in the schedule, and why the thread stopped before its end. */
  | { readonly kind: 'ran'; readonly steps: readonly (HandedStep & { readonly at: number })[]; readonly stopped: string }
  | { readonly kind: 'failed'; readonly what: string; readonly message: string };

/** Unwinds a thread that has left the schedule. */
class Stopped extends Error {}

const { file, thread, control } = workerData as HandOverWorkerData;
const { load, store, wait, notify } = Atomics;
const words = new Int32Array(control);
const turnAt = 0;
const overAt = 1;
/** By thread: since which step it sleeps (0: it does not), on which byte of which buffer, and whether it was notified. */
const sleepWords = 4;
const sleepAt = (sleeper: number): number => 2 + sleepWords * sleeper;
const threadsMax = (words.length - 2) / sleepWords;

let subject: Subject;
let handle: Handle;
let buffers: SharedArrayBuffer[] = [];
let scenario: Scenario;
let variables: Int32Array = new Int32Array(0);
let turns: Uint8Array = new Uint8Array(0);
let steps: (HandedStep & { at: number })[] = [];
let stopped = '';
/** Whether steps are announced: not while memory is laid out, workers attach and the prefix runs. */
let live = false;

function over(why: string): never {
  if (stopped === '') stopped = why;
  store(words, overAt, 1);
  notify(words, turnAt);
  throw new Stopped(why);
}

/** Waits for this thread's turn. */
function turn(what: string): number {
  for (;;) {
    if (load(words, overAt) !== 0) over('another thread has left the schedule');
    const at = load(words, turnAt);
    if (at >= turns.length) over(`it goes on with ${what}`);
    if (turns[at] === thread) return at;
    wait(words, turnAt, at);
  }
}

function step(op: number, name: string, perform: () => Omit<HandedStep, 'thread' | 'op'>): void {
  const at = turn(name);
  steps.push({ at, thread, op, ...perform() });
  store(words, turnAt, at + 1);
  notify(words, turnAt);
}

/** Announces an access to `view[index]` and performs it, with nobody beside it, by `really`. */
function access(op: number, name: string, view: View, index: number, operand: unknown, expected: unknown, really: () => unknown): unknown {
  let value: unknown;
  step(op, name, () => {
    const before = String(view[index]);
    value = really();
    return { cell: cellName(view, index, buffers), operands: operandsOf(op, operand, expected), before, after: String(view[index]), value: String(value) };
  });
  return value;
}

const whole = (value: unknown): unknown => (typeof value === 'bigint' || Number.isInteger(value) ? value : Math.trunc(Number(value)) || 0);
const isIntegerView = (view: unknown): view is View => ArrayBuffer.isView(view) && !(view instanceof DataView) && !(view instanceof Float32Array) && !(view instanceof Float64Array);

const isWaitable = (view: unknown): view is View => (view instanceof Int32Array || view instanceof BigInt64Array) && view.buffer instanceof SharedArrayBuffer;

/** A value as an element of the view holds it: what a compareExchange compares with. */
function asElement(view: View, value: unknown): unknown {
  const scratch = new (view.constructor as Int32ArrayConstructor)(1);
  scratch[0] = value as number;
  return scratch[0];
}

for (const name of ['load', 'store', 'add', 'sub', 'and', 'or', 'xor', 'exchange', 'compareExchange'] as const) {
  const original = Atomics[name] as (view: View, index: number, ...values: unknown[]) => unknown;
  const announced = (view: View, index: number, ...values: unknown[]): unknown => {
    const element = Math.trunc(Number(index)) || 0;
    if (!live || !isIntegerView(view) || element < 0 || element >= view.length) return original(view, index, ...values);
    const isSwap = name === 'compareExchange';
    const operand = name === 'load' ? 0 : isSwap ? values[1] : name === 'store' ? whole(values[0]) : values[0];
    return access(Op[name], name, view, element, operand, isSwap ? asElement(view, values[0]) : 0, () => original(view, index, ...values));
  };
  Object.assign(Atomics, { [name]: announced });
}
const pause = (): void => {
  if (live) step(Op.pause, 'pause', () => ({ cell: '', operands: '', before: '', after: '', value: '' }));
};
Object.assign(Atomics, { pause });

/**
 * A sleep in two steps, as it is explored. A thread that waits for its turn cannot sleep on the subject's own word as well: who sleeps and who is woken is
 * kept beside it, first come, first woken (ECMAScript, WaiterList).
 */
function sleeps(view: View, index: number, value: number, timeout?: number): 'ok' | 'not-equal' | 'timed-out' {
  const element = Math.trunc(Number(index)) || 0;
  if (!live || !isWaitable(view) || element < 0 || element >= view.length) return wait(view, index, value, timeout);
  const expected = asElement(view, value);
  let asleep = false;
  const cell = cellName(view, element, buffers);
  const silent = { cell, before: '', after: '' };
  step(Op.wait, 'a wait', () => {
    asleep = String(load(view, element)) === String(expected);
    if (asleep) words.set([load(words, turnAt) + 1, ...cell.split(':').map(Number), 0], sleepAt(thread));
    return { ...silent, operands: operandsOf(Op.wait, 0, expected), value: asleep ? '1' : '0' };
  });
  if (!asleep) return 'not-equal';
  let woken = false;
  step(Op.wake, 'the end of a sleep', () => {
    woken = words[sleepAt(thread) + 3] === 1;
    words[sleepAt(thread)] = 0;
    return { ...silent, operands: '', value: woken ? '0' : '1' };
  });
  return woken ? 'ok' : 'timed-out';
}

function wakes(view: View, index: number, count?: number): number {
  const element = Math.trunc(Number(index)) || 0;
  if (!live || !isWaitable(view) || element < 0 || element >= view.length) return notify(view, index, count);
  const most = count === undefined ? Infinity : Math.max(0, Math.trunc(Number(count)) || 0);
  const cell = cellName(view, element, buffers);
  let woken = 0;
  step(Op.notify, 'a notify', () => {
    const asleep = Array.from({ length: threadsMax }, (_, sleeper) => sleepAt(sleeper)).filter((at) => words[at] !== 0 && words[at + 3] === 0 && `${words[at + 1]}:${words[at + 2]}` === cell);
    for (const at of asleep.sort((a, b) => (words[a] as number) - (words[b] as number)).slice(0, most)) {
      words[at + 3] = 1;
      woken++;
    }
    return { cell, before: '', after: '', operands: operandsOf(Op.notify, most, 0), value: String(woken) };
  });
  return woken;
}
Object.assign(Atomics, { wait: sleeps, notify: wakes });

const read = (op: number, name: string) => (view: View, index: number): unknown => (live ? access(op, name, view, index, 0, 0, () => view[index]) : view[index]);
const write = (op: number, name: string) => (view: View, index: number, value: number): void => {
  const really = (): number => (view[index] = value);
  if (live) access(op, name, view, index, value, 0, really);
  else really();
};
const helpers = { peek: read(Op.peek, 'peek'), poke: write(Op.poke, 'poke'), pokeTag: write(Op.poke, 'pokeTag'), ownRead: read(Op.read, 'ownRead'), ownWrite: write(Op.write, 'ownWrite'), pause };

function responseOf(command: Command, value: number): number {
  try {
    const response = entryOf(command).run(handle, command, value, countsOf(scenario));
    return Number.isInteger(response) ? (response as number) : threw;
  } catch (error) {
    if (error instanceof Stopped) throw error;
    return threw;
  }
}

function bind(command: Command, response: number): void {
  const variable = entryOf(command).binds(command);
  if (variable !== undefined) variables[variable] = response;
}

const valueOf = (command: Command): number => {
  const variable = entryOf(command).waitsFor(command);
  return variable === undefined ? 0 : (variables[variable] as number);
};

/** As the explorer's threads do: each call is announced, made unless what it frees was never allocated, and its return announced. */
function commands(): void {
  for (const command of scenario.threads[thread] ?? []) {
    let value = 0;
    step(Op.invoke, 'an invocation', () => {
      value = valueOf(command);
      return { cell: '', operands: '', before: '', after: '', value: String(value) };
    });
    if (value < 0) continue;
    const response = responseOf(command, value);
    step(Op.return, 'a return', () => {
      bind(command, response);
      return { cell: '', operands: '', before: '', after: '', value: String(response) };
    });
  }
  if (turns.indexOf(thread, (steps.at(-1)?.at ?? -1) + 1) >= 0) over('it has come to its end');
}

function run(): void {
  live = true;
  try {
    commands();
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  } finally {
    live = false;
  }
}

function handled(request: HandOverRequest): HandOverAnswer {
  switch (request.kind) {
    case 'create':
      return { kind: 'created', shared: subject.create(request.geometry) };
    case 'attach':
      buffers = buffersOf(request.shared);
      scenario = request.scenario;
      variables = new Int32Array(request.variables);
      handle = subject.attach(request.shared, thread);
      return { kind: 'attached' };
    case 'prefix': {
      const { command } = scenario.prefix[request.number] as Scenario['prefix'][number];
      const value = valueOf(command);
      bind(command, value < 0 ? value : responseOf(command, value));
      return { kind: 'prefixed' };
    }
    case 'run':
      [turns, steps, stopped] = [request.turns, [], ''];
      run();
      return { kind: 'ran', steps, stopped };
  }
}

const answer = (message: HandOverAnswer): void => parentPort?.postMessage(message);
parentPort?.on('message', (request: HandOverRequest) => {
  try {
    answer(handled(request));
  } catch (error) {
    answer({ kind: 'failed', what: request.kind, message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
  }
});
try {
  subject = await loadUnchanged(file, helpers);
  answer({ kind: 'loaded' });
} catch (error) {
  answer({ kind: 'failed', what: 'loading it', message: error instanceof Error ? error.message : String(error) });
}
