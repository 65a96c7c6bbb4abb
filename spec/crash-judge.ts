import type { Model, State } from '../model/index.ts';
import type { ObservedFrame } from './contract.ts';
import { threadName } from './decision.ts';
import { isCoroutine, Op, type Coroutine } from './explore/access.ts';
import { ThreadState, type Crash, type Execution } from './explore/execution.ts';
import type { Ending } from './explore/scheduler.ts';
import { NeverEnds } from './explore/waiting.ts';
import type { History, HistoryCall } from './history.ts';
import { finding, type Finding, type InvariantId } from './invariants.ts';
import { linearize, type Loss } from './linearizability.ts';
import { judgeOwnership } from './ownership.ts';
import { examine, firstDifference, observed } from './refinement.ts';
import type { Scenario } from './scenario.ts';
import type { ScenarioProgram } from './scenario-program.ts';
import { trusted, type LoadedSubject } from './subject.ts';

/** What executions with threads that stop for ever are judged for. */
export type CrashPurpose = 'crash' | 'lock-free' | 'obstruction-free';

const waitRule: Readonly<Record<CrashPurpose, InvariantId>> = { crash: 'FP-CRS-1', 'lock-free': 'FP-LFR-1', 'obstruction-free': 'FP-OBF-1' };

interface Surroundings {
  readonly loaded: LoadedSubject;
  readonly scenario: Scenario;
  readonly program: ScenarioProgram;
  readonly model: Model;
  readonly initial: State;
  readonly crashes: readonly Crash[];
  readonly purpose: CrashPurpose;
}

/** Judges executions in which threads were stopped for ever: {@link Crash}. */
export class CrashJudge {
  /** Whether an execution was seen in which every crash happened. */
  reached = false;
  readonly #around: Surroundings;
  readonly #judged = new Map<string, Finding | undefined>();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /**
   * A crash after a read differs in nothing from the one before it, and one between two operations from a shorter scenario: such executions
   * are explored, for the races in them, and not judged.
   */
  judge(execution: Execution, ending: Ending, history: () => History, key: string): Finding | undefined {
    const { crashes, purpose } = this.#around;
    if (crashes.some(({ thread }) => execution.state[thread] !== ThreadState.crashed)) return undefined;
    this.reached = true;
    if (!crashes.every(({ thread }) => makesADifference(execution, thread))) return undefined;
    const waiting = this.#waiting(execution, ending);
    if (waiting !== undefined || ending === 'incomplete' || purpose !== 'crash' || isWaitingInside(execution)) return waiting;
    const place = `${key} ${execution.image()}`;
    if (!this.#judged.has(place)) this.#judged.set(place, this.#memory(execution, history()));
    return this.#judged.get(place);
  }

  /** Who waits inside an operation although only the dead could wake him, or goes round for ever. */
  #waiting(execution: Execution, ending: Ending): Finding | undefined {
    const { loaded, scenario, crashes, purpose } = this.#around;
    const dead = crashes.map(({ thread }) => threadName(thread)).join(' and ');
    if (ending === 'incomplete') {
      const last = execution.thread[execution.depth - 1] as number;
      if (purpose === 'crash' || !this.#promised(execution, last)) return undefined;
      return finding(waitRule[purpose], `${threadName(last)} goes on and on (${execution.limits.stepsMax} steps) once ${dead} has stopped for ever`, execution.depth - 1);
    }
    const burials = scenario.threads.flatMap((commands, thread) => (commands[0]?.name === 'bury' ? [thread] : []));
    const buried = burials.length > 0 && burials.every((thread) => execution.state[thread] === ThreadState.finished);
    for (let thread = 0; thread < execution.threads; thread++) {
      if (!waitsInside(execution, thread) || !this.#promised(execution, thread)) continue;
      const site = loaded.sites[execution.nextSite[thread] as number];
      const declared = isDeclared(loaded, site?.function ?? '');
      if (declared && !buried && (purpose !== 'crash' || this.#canBury(execution))) continue;
      const after = buried ? ', although bury() has said that it is dead' : declared ? ', and the subject has no bury() to say that it is dead' : '';
      return finding(waitRule[purpose], `${threadName(thread)} waits for dead worker ${dead} at ${site?.file ?? '?'}:${site?.line ?? 0} (${site?.function ?? ''})${after}`, execution.depth - 1);
    }
    return undefined;
  }

  /** Whether the operation that a thread is in must not wait for the dead. */
  #promised(execution: Execution, thread: number): boolean {
    const { loaded, scenario, purpose } = this.#around;
    if (purpose === 'crash') return true;
    let invoked = -1;
    for (let at = 0; at < execution.depth; at++) if (execution.thread[at] === thread && execution.op[at] === Op.invoke) invoked++;
    const promise = loaded.subject.progress?.[scenario.threads[thread]?.[invoked]?.name ?? ''];
    const kind = typeof promise === 'object' ? promise.kind : promise;
    return kind === 'lock-free' || (kind === 'obstruction-free' && purpose === 'obstruction-free');
  }

  #canBury(execution: Execution): boolean {
    return execution.alone(this.#around.program.attach(0), true).bury !== undefined;
  }

  /** What the memory shows, before and after recovery. */
  #memory(execution: Execution, history: History): Finding | undefined {
    const { loaded, scenario, program, model, initial } = this.#around;
    const { subject } = loaded;
    const owned = judgeOwnership(history, program.prefixCalls, scenario.geometry);
    if (owned !== undefined) return owned;
    const burial = this.#burial(execution);
    if (burial !== undefined) return burial;
    const plain = linearize(history, model, initial);
    const shown = subject.observe === undefined ? undefined : observed(subject, program);
    if (shown === undefined) return plain.ok ? this.#recovered(execution, plain.finals) : plain.finding;
    const fits = (state: State): boolean => firstDifference(state, shown) === undefined;
    // Recovery may finish what the dead had begun as well as undo it.
    if (plain.ok && plain.finals.some(fits)) return this.#recovered(execution, plain.finals);
    const loss = this.#loss(history, shown);
    const lossy = linearize(history, model, initial, [loss]);
    const finals = lossy.ok ? lossy.finals.filter(fits) : [];
    if (finals.length === 0) return plain.ok ? this.#unexplained(plain.finals[0] as State, shown) : plain.finding;
    const most = this.#inFlight(history);
    const lost = `frame${loss.frames.length === 1 ? '' : 's'} ${loss.frames.join(', ')}`;
    if (loss.frames.length > most) return finding('FP-CRS-2', `${lost} ${loss.frames.length === 1 ? 'is' : 'are'} lost; at most ${most} ${most === 1 ? 'was' : 'were'} in flight`);
    if (subject.recover === undefined) return finding('FP-CRS-3', `${lost} ${loss.frames.length === 1 ? 'is' : 'are'} lost for good: owned by nobody, and the subject has no recover()`);
    return this.#recovered(execution, [...(plain.ok ? plain.finals : []), ...finals.map((state) => this.#givenBack(state, loss))]);
  }

  /** The calls of dead threads that never returned. */
  #pending({ calls }: History): HistoryCall[] {
    return calls.filter(({ thread, returned }) => returned === Infinity && this.#around.crashes.some((crash) => crash.thread === thread));
  }

  /** Frames that memory shows as taken and that nobody got, or that were freed: taken along by the dead. */
  #loss(history: History, shown: readonly ObservedFrame[]): Loss {
    const { program, scenario } = this.#around;
    const { firstFrame } = scenario.geometry;
    const calls = [...program.prefixCalls, ...history.calls.filter((call) => call.returned !== Infinity)];
    const dead = this.#pending(history);
    const isOwned = (frame: number): boolean => {
      const handedOut = calls.filter((call) => holds(call, frame)).length;
      const freed = calls.filter((call) => frees(call, frame)).length + dead.filter((call) => frees({ ...call, response: 0 }, frame)).length;
      return handedOut > freed;
    };
    const frames = shown.flatMap((is, at) => (is === 'allocated' && !isOwned(firstFrame + at) ? [firstFrame + at] : []));
    const first = dead.toSorted((a, b) => a.invoked - b.invoked)[0];
    return { thread: first?.thread ?? 0, frames };
  }

  /** Frames that the dead can have been working on, at most. */
  #inFlight(history: History): number {
    const { chunkFrames } = this.#around.scenario.geometry;
    const { placement = 'any' } = this.#around.loaded.subject;
    const rounded = (count: number): number => {
      if (placement === 'any') return count;
      return placement === 'chunk' ? Math.ceil(count / chunkFrames) * chunkFrames : 2 ** Math.ceil(Math.log2(count));
    };
    return this.#pending(history).reduce((sum, { operation }) => sum + rounded(operation.count), 0);
  }

  #unexplained(state: State, shown: readonly ObservedFrame[]): Finding {
    const at = firstDifference(state, shown) as number;
    const frame = this.#around.scenario.geometry.firstFrame + at;
    const is = shown[at];
    return { ...finding('FP-REF-1', `frame ${frame} is ${state.frame(frame)} by the history, and ${typeof is === 'object' ? 'cached' : (is ?? 'missing')} in memory, which no crash explains`), layer: 'crash' };
  }

  #burial(execution: Execution): Finding | undefined {
    for (let at = 0; at < execution.depth; at++) {
      const thread = execution.thread[at] as number;
      const command = this.#around.scenario.threads[thread]?.[0];
      if (command?.name !== 'bury' || execution.op[at] !== Op.return || execution.value[at] === 0) continue;
      return { ...finding('FP-ERR-1', `bury(${command.dead}) answers ${execution.value[at]}, not 0`, at), layer: 'crash' };
    }
    return undefined;
  }

  #givenBack(state: State, { frames, thread }: Loss): State {
    return frames.reduce((now, frame) => {
      const step = this.#around.model.step(now, { op: 'free', worker: thread, frame, count: 1 }, 0);
      return step.ok ? step.state : now;
    }, state);
  }

  /** Whether memory is in order again after recover(). */
  #recovered(execution: Execution, finals: readonly State[]): Finding | undefined {
    const { loaded: { subject }, program, scenario, model, crashes } = this.#around;
    const alive = scenario.threads.findIndex((_, thread) => !crashes.some((crash) => crash.thread === thread));
    const recovery = function* (): Coroutine<Finding | undefined> {
      const done = subject.recover === undefined ? undefined : trusted('recover()', () => subject.recover?.(program.copy()));
      if (isCoroutine(done)) yield* done;
      return (yield* examine(subject, program, scenario.geometry, model, finals, undefined, alive)).finding;
    };
    try {
      const wrong = execution.alone(recovery(), true);
      return wrong === undefined ? undefined : finding('FP-CRS-3', `after ${subject.recover === undefined ? 'the crash' : 'recover()'}: ${wrong.message}`);
    } catch (error) {
      if (!(error instanceof NeverEnds)) throw error;
      return finding('FP-CRS-3', `after the crash, recover() or a later operation ${error.message}`);
    }
  }
}

/** Waiting points are named as functions, or as Class.method. */
function isDeclared({ subject }: LoadedSubject, name: string): boolean {
  return (subject.waitingPoints ?? []).some((point) => point === name || name.endsWith(`.${point}`));
}

const holds = ({ operation, response }: Pick<HistoryCall, 'operation' | 'response'>, frame: number): boolean =>
  operation.op === 'allocate' && response >= 0 && frame >= response && frame < response + operation.count;
const frees = ({ operation, response }: Pick<HistoryCall, 'operation' | 'response'>, frame: number): boolean =>
  operation.op === 'free' && response === 0 && frame >= operation.frame && frame < operation.frame + operation.count;

/** Whether the last step of a thread is one that its death can follow: it wrote, or it only just began. */
function makesADifference(execution: Execution, thread: number): boolean {
  const last = execution.last[thread] as number;
  return execution.wrote[last] === 1 || (execution.op[last] === Op.invoke && (execution.value[last] as number) >= 0);
}

const waitsInside = (execution: Execution, thread: number): boolean => execution.state[thread] === ThreadState.waiting && execution.nextOp[thread] !== Op.invoke;

function isWaitingInside(execution: Execution): boolean {
  for (let thread = 0; thread < execution.threads; thread++) if (waitsInside(execution, thread)) return true;
  return false;
}

