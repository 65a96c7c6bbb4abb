import type { Operation } from '../model/index.ts';
import { entryOf, type Command, type CommandEntry } from './commands/index.ts';
import type { Handle, Subject } from './contract.ts';
import { askInvoke, askMark, askReturn, mode, Op, pending, requests, type Coroutine } from './explore/access.ts';
import { SubjectError } from './explore/subject-error.ts';
import { runAtOnce } from './explore/link.ts';
import { crashOf, unbound, waitsForNothing, type Program } from './explore/program.ts';
import { Running } from './explore/running.ts';
import { NeverEnds, performAlone } from './explore/waiting.ts';
import { threw } from './history.ts';
import { countsOf, type Scenario } from './scenario.ts';
import { copierOf, troubleIn, trusted } from './subject.ts';

/** A call of the sequential prefix, as it went. */
export interface PrefixCall {
  readonly operation: Operation;
  readonly response: number;
}

/** A command of a thread: what its invocation waits for, and the variable that its return binds (−1: none). */
interface ScenarioCall {
  readonly command: Command;
  readonly entry: CommandEntry<Command>;
  readonly awaited: number;
  readonly binds: number;
}

function callOf(command: Command): ScenarioCall {
  const entry = entryOf(command);
  const dead = entry.waitsForCrash?.(command);
  return { command, entry, awaited: dead === undefined ? (entry.waitsFor(command) ?? waitsForNothing) : crashOf(dead), binds: entry.binds(command) ?? -1 };
}

/** What threw: a command of a thread, or one of the prefix. */
const inPrefix = -1;
const placeOf = (thread: number, number: number): string => (thread === inPrefix ? 'prefix' : `${thread} ${number}`);

/** Accesses that one operation may take with nobody beside it, far above what any geometry here needs. */
const stepsAloneMax = 20_000;

/** A scenario on a subject as a program of threads: lays the memory out, attaches the workers and runs the prefix when it is made. */
export class ScenarioProgram implements Program {
  readonly threads: number;
  readonly variables: Int32Array;
  readonly setup: readonly number[][];
  readonly prefixCalls: PrefixCall[] = [];
  /** What operations threw, by thread and command (−1 − n for command n of the prefix). */
  readonly thrown = new Map<string, string>();
  readonly shared: unknown;
  readonly #subject: Subject;
  readonly #scenario: Scenario;
  /** By thread; looked up once, since threads are run again and again. */
  readonly #calls: readonly (readonly ScenarioCall[])[];
  readonly #countOf: (variable: number) => number;
  readonly #copy: () => unknown;

  constructor(subject: Subject, scenario: Scenario) {
    this.#subject = subject;
    this.#scenario = scenario;
    this.#countOf = countsOf(scenario);
    this.threads = scenario.threads.length;
    this.#calls = scenario.threads.map((commands) => commands.map(callOf));
    const variables = [...scenario.prefix.map(({ command }) => command), ...scenario.threads.flat()].flatMap((command) => entryOf(command).binds(command) ?? []);
    this.variables = new Int32Array(Math.max(0, ...variables.map((variable) => variable + 1))).fill(unbound);
    mode.live = false;
    this.shared = runAtOnce(trusted(`create() of '${subject.name}'`, () => subject.create(scenario.geometry)));
    this.#copy = copierOf(this.shared);
    mode.live = true;
    this.setup = this.#prepare();
  }

  *start(thread: number): Coroutine<void> {
    const handle = yield* this.attach(thread);
    if (askMark(Op.turn)) yield;
    for (const { worker, command } of this.#scenario.prefix) {
      if (worker !== thread) continue;
      const waits = entryOf(command).waitsFor(command);
      const value = waits === undefined ? 0 : (this.variables[waits] as number);
      let response = value;
      if (value >= 0) {
        try {
          response = this.#response(requests.enters(entryOf(command).run(handle, command, value, this.#countOf)) ? yield : requests.got(), inPrefix, 0);
        } catch (error) {
          response = this.#failed(error, placeOf(inPrefix, 0));
        }
      }
      const binds = entryOf(command).binds(command);
      if (binds !== undefined) this.variables[binds] = response;
      if (askMark(Op.turn, response)) yield;
    }
    const calls = this.#calls[thread] ?? [];
    for (let number = 0; number < calls.length; number++) {
      const { command, entry, awaited, binds } = calls[number] as ScenarioCall;
      const value = askInvoke(awaited, -1) ? yield : requests.got();
      if (value < 0) continue;
      let response: number;
      try {
        response = this.#response(requests.enters(entry.run(handle, command, value, this.#countOf)) ? yield : requests.got(), thread, number);
      } catch (error) {
        response = this.#failed(error, placeOf(thread, number));
      }
      if (askReturn(binds, response, -1)) yield;
    }
  }

  /** A worker's own copy of the shared state. */
  copy(): unknown {
    return this.#copy();
  }

  /** A new handle of a worker. */
  *attach(worker: number): Coroutine<Handle> {
    // Not through trusted(): every thread that is run again comes through here.
    let handle: Handle;
    try {
      handle = (requests.enters(this.#subject.attach(this.#copy(), worker)) ? yield : requests.got()) as unknown as Handle;
    } catch (error) {
      throw troubleIn(`attach() of '${this.#subject.name}'`, error);
    }
    if (typeof handle !== 'object' || handle === null || typeof handle.allocate !== 'function' || typeof handle.free !== 'function') {
      throw new SubjectError(`attach() of '${this.#subject.name}' must give a handle with the methods allocate and free`);
    }
    return handle;
  }

  /** A response, or {@link threw} with its reason noted. */
  #response(response: unknown, thread: number, number: number): number {
    if (Number.isInteger(response)) return response as number;
    this.thrown.set(placeOf(thread, number), `returned ${String(response)}, which is no whole number`);
    return threw;
  }

  #failed(error: unknown, place: string): number {
    if (error instanceof SubjectError) throw error;
    if (error instanceof TypeError && error.message.includes('is not an integer typed array')) {
      throw new SubjectError('Atomics is reached in a way that cannot be followed; call it by its literal name, as Atomics.load(view, index)');
    }
    this.thrown.set(place, error instanceof Error ? `threw ${error.name}: ${error.message}` : `threw ${String(error)}`);
    return threw;
  }

  /** Attaches every worker, runs the prefix, and notes what each coroutine was resumed with until its first own event. */
  #prepare(): number[][] {
    const { prefix, threads } = this.#scenario;
    const workers = Math.max(threads.length, ...prefix.map(({ worker }) => worker + 1));
    const values: number[][] = Array.from({ length: workers }, () => []);
    const coroutines = values.map((_, worker) => new Running(this.start(worker)));
    const toTurn = (worker: number, first: boolean): void => {
      const coroutine = coroutines[worker] as Running;
      const log = values[worker] as number[];
      if (!first) log.push(0);
      let next = coroutine.next(0);
      for (let steps = 0; next.done !== true && pending.op !== Op.turn; steps++) {
        if (steps > stepsAloneMax) throw new NeverEnds(`an operation of the prefix, or attach(), does not end: ${steps} accesses with nobody beside it`);
        const value = performAlone();
        log.push(value);
        next = coroutine.next(value);
      }
    };
    for (let worker = 0; worker < workers; worker++) toTurn(worker, true);
    for (const { worker, command } of prefix) {
      const waits = entryOf(command).waitsFor(command);
      const value = waits === undefined ? 0 : (this.variables[waits] as number);
      toTurn(worker, false);
      const operation = value < 0 ? undefined : entryOf(command).operation(command, worker, value, this.#countOf);
      if (operation !== undefined) this.prefixCalls.push({ operation, response: pending.operand });
    }
    for (const log of values) log.push(0);
    return values;
  }
}
