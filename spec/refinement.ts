import { frameOf, type Model, type Operation, type State } from '../model/index.ts';
import { counts } from './commands/allocate.ts';
import type { Geometry, Handle, ObservedFrame, PressureLevel, Subject } from './contract.ts';
import { isCoroutine, mode, type Coroutine } from './explore/access.ts';
import { SubjectError } from './explore/subject-error.ts';
import { runAtOnce } from './explore/link.ts';
import { finding, invariants, type Finding, type InvariantId } from './invariants.ts';
import { describeOperation, describeResponse } from './linearizability.ts';
import type { ScenarioProgram } from './scenario-program.ts';
import { trusted } from './subject.ts';

/** What the memory shows when nothing runs. */
export interface Observed {
  readonly frames?: readonly ObservedFrame[];
  readonly framesFree?: number;
  readonly pressure?: number;
}

export interface Quiescent {
  readonly finding: Finding | undefined;
  readonly observed: Observed;
  /** The final state of the model that fits best. */
  readonly model: State | undefined;
}

const levels: readonly PressureLevel[] = ['ok', 'low', 'min', 'critical'];

/**
 * Judges the memory when nothing runs: it must show the state of the model after some linearization (`finals`), count it right, and
 * serve the largest runs that the model says are there. Asked by a freshly attached worker, so that the answer is a function of the
 * shared memory alone. `pressures`: the levels that the pressure machine can have reached.
 */
export function* examine(
  subject: Subject, program: ScenarioProgram, geometry: Geometry, model: Model, finals: readonly State[], pressures: ReadonlySet<PressureLevel> | undefined, worker = 0,
): Coroutine<Quiescent> {
  const handle = yield* program.attach(worker);
  const frames = subject.observe === undefined ? undefined : observed(subject, program);
  const framesFree = handle.framesFree === undefined ? undefined : yield* trusted('framesFree()', () => handle.framesFree?.());
  const pressure = handle.pressure === undefined || geometry.marks === undefined ? undefined : yield* trusted('pressure()', () => handle.pressure?.());
  const shown: Observed = {
    ...(frames === undefined ? {} : { frames }), ...(framesFree === undefined ? {} : { framesFree }), ...(pressure === undefined ? {} : { pressure }),
  };
  const fitting = frames === undefined ? finals : finals.filter((state) => firstDifference(state, frames) === undefined);
  const nearest = fitting[0] ?? finals[0];
  const found = (result: Finding | undefined): Quiescent => ({ finding: result, observed: shown, model: nearest });
  if (nearest === undefined) return found(undefined);
  if (frames !== undefined && fitting.length === 0) {
    const at = firstDifference(nearest, frames) as number;
    return found(finding('FP-REF-1', `frame ${geometry.firstFrame + at} is ${nearest.frame(geometry.firstFrame + at)} by the history, and ${name(frames[at])} in memory`));
  }
  if (framesFree !== undefined && framesFree !== nearest.framesFree) {
    return found(finding('FP-CNT-1', `framesFree() is ${framesFree}, and ${nearest.framesFree} frames are free`));
  }
  if (pressure !== undefined && pressures !== undefined && !pressures.has(levels[pressure] as PressureLevel)) {
    return found(finding('FP-WMK-1', `pressure() is ${pressure} (${levels[pressure] ?? 'no level'}); the counts passed through lead to ${[...pressures].join(' or ')}`));
  }
  return found(yield* probe(subject, handle, geometry, model, fitting));
}

/** Nothing runs, and observe() only reads: it may do so in any way, also where no access could be traced. */
export function observed(subject: Subject, program: ScenarioProgram): readonly ObservedFrame[] {
  const { live } = mode;
  mode.live = false;
  try {
    return runAtOnce(trusted(`observe() of '${subject.name}'`, () => subject.observe?.(program.shared))) as readonly ObservedFrame[];
  } finally {
    mode.live = live;
  }
}

/** Asks for the largest runs until nothing is left, then frees everything and asks for the largest of all. */
function* probe(subject: Subject, handle: Handle, geometry: Geometry, model: Model, finals: readonly State[]): Coroutine<Finding | undefined> {
  let states = finals;
  const ask = function* (operation: Operation): Coroutine<Finding | undefined> {
    let response: number;
    try {
      const answer = operation.op === 'allocate' ? handle.allocate(operation.count) : handle.free(operation.frame, operation.count);
      response = isCoroutine(answer) ? ((yield* answer) as number) : answer;
    } catch (error) {
      if (error instanceof SubjectError) throw error;
      return { ...finding('FP-EXC-1', `asked alone at the end, ${describeOperation(operation)} threw ${String(error)}`), layer: 'quiescence' };
    }
    if (!Number.isInteger(response)) return { ...finding('FP-EXC-1', `asked alone at the end, ${describeOperation(operation)} returned ${String(response)}`), layer: 'quiescence' };
    const steps = states.map((state) => model.step(state, operation, response));
    const accepted = steps.flatMap((step) => (step.ok ? [step.state] : []));
    const [rejected] = steps.flatMap((step) => (step.ok ? [] : [step]));
    if (accepted.length === 0 && rejected !== undefined) {
      const known = invariants.find(({ id }) => id === rejected.rule);
      const id = rejected.rule === 'FP-OOM-1' || known === undefined ? 'FP-PRB-1' : (known.id as InvariantId);
      return { ...finding(id, `asked alone at the end, ${describeOperation(operation)} → ${describeResponse(operation, response)}: ${rejected.reason}`), layer: 'quiescence' };
    }
    states = accepted;
    return undefined;
  };
  const most = Math.min(geometry.frames, 2 ** geometry.maxOrder, subject.limits?.countMax ?? Infinity);
  const askable = counts(subject.features ?? {}, most).reverse();
  const largest = (): number | undefined => askable.find((count) => model.suitableRun(states[0] as State, count) >= 0);
  for (let count = largest(); count !== undefined; count = largest()) {
    const wrong = yield* ask({ op: 'allocate', worker: 0, count });
    if (wrong !== undefined) return wrong;
  }
  const beyond = yield* ask({ op: 'allocate', worker: 0, count: 1 });
  if (beyond !== undefined) return beyond;
  for (const [frame, count] of (states[0] as State).allocations) {
    const wrong = yield* ask({ op: 'free', worker: 0, frame, count });
    if (wrong !== undefined) return wrong;
  }
  const count = largest();
  return count === undefined ? undefined : yield* ask({ op: 'allocate', worker: 0, count });
}

/** Index of the first frame that memory and model disagree on. */
export function firstDifference(state: Pick<State, 'frames' | 'layout'>, shown: readonly ObservedFrame[]): number | undefined {
  const { firstFrame, frames } = state.layout.geometry;
  for (let at = 0; at < frames; at++) {
    const seen = shown[at];
    const is = typeof seen === 'object' ? 'cached' : seen;
    const meant = frameOf(state, firstFrame + at);
    // free ∪ cached is equal as a set: which of the two is the allocator's own affair.
    if (is !== meant && !((is === 'cached' && meant === 'free') || (is === 'free' && meant === 'cached'))) return at;
  }
  return undefined;
}

const name = (frame: ObservedFrame | undefined): string => (frame === undefined ? 'missing' : typeof frame === 'object' ? `cached by ${frame.cached}` : frame);
