import type { Company, Model, Operation, State } from '../model/index.ts';
import { threadName } from './decision.ts';
import type { History, HistoryCall } from './history.ts';
import { finding, invariants, type Finding, type InvariantId } from './invariants.ts';

export type Linearizations =
  /** Every state in which some linearization ends. */
  | { readonly ok: true; readonly finals: readonly State[] }
  | { readonly ok: false; readonly finding: Finding; /** Calls of the longest order that the model accepts. */ readonly longest: readonly HistoryCall[] };

/** Frames that a dead worker took along, from the moment that its call began. */
export interface Loss {
  readonly thread: number;
  readonly frames: readonly number[];
}

/**
 * Whether the calls can be put in one order that respects real time and that the model accepts, and where such orders end. Wing and
 * Gong's search (1993) with Lowe's memo of (set of calls done, state) (2017); histories here have at most 30 calls. A call that never
 * returned may take effect at any time after its invocation, with any answer that changes something, or never; `losses` likewise.
 */
export function linearize(history: History, model: Model, initial: State, losses: readonly Loss[] = []): Linearizations {
  const calls = [...history.calls, ...losses.flatMap((loss) => lostCalls(loss, history))];
  if (calls.length > 30) throw new RangeError(`a history of ${calls.length} calls: at most 30 are searched here`);
  const required = mask(calls, ({ returned }) => returned !== Infinity);
  const before = calls.map((call) => mask(calls, (other) => other.returned < call.invoked));
  const company = calls.map((call) => companyOf(call, calls));
  const finals = new Map<number, State>();
  const visited = new Set<string>();
  const order: number[] = [];
  let longest: number[] = [];
  let rejections: { call: HistoryCall; rule: string; reason: string }[] = [];
  const search = (done: number, state: State): void => {
    if ((done & required) === required) finals.set(state.id, state);
    const key = `${done} ${state.id}`;
    if (visited.has(key)) return;
    visited.add(key);
    const refused: typeof rejections = [];
    calls.forEach((call, at) => {
      if ((done & (1 << at)) !== 0 || ((before[at] as number) & ~done) !== 0) return;
      for (const response of call.returned === Infinity ? effects(call, model) : [call.response]) {
        const step = model.step(state, call.operation, response, company[at] as Company);
        if (!step.ok) {
          if (call.returned !== Infinity) refused.push({ call, rule: step.rule, reason: step.reason });
          continue;
        }
        order.push(at);
        search(done | (1 << at), step.state);
        order.pop();
      }
    });
    if (refused.length > 0 && (rejections.length === 0 || order.length > longest.length)) {
      longest = [...order];
      rejections = refused;
    }
  };
  search(0, initial);
  if (finals.size > 0) return { ok: true, finals: [...finals.values()] };
  const [first, ...others] = rejections.toSorted((a, b) => a.call.returned - b.call.returned);
  if (first === undefined) throw new Error('a history without calls has a linearization');
  const id = others.length === 0 && invariants.some((each) => each.id === first.rule) ? (first.rule as InvariantId) : commonRule([first, ...others]);
  const message = `${describe(first.call)} fits no order of the calls: ${first.reason}`;
  return { ok: false, finding: { ...finding(id, message, first.call.returned), layer: 'history' }, longest: longest.map((at) => calls[at] as HistoryCall) };
}

/** What an operation that never returned may have done: got any run, or freed its own. */
function effects({ operation, command, response }: HistoryCall, model: Model): number[] {
  if (command === lost) return [response];
  const { firstFrame, frames } = model.layout.geometry;
  return operation.op === 'free' ? [0] : Array.from({ length: frames }, (_, at) => firstFrame + at);
}

const lost = -1;

/** A loss as calls that never return, of one frame each. */
function lostCalls({ thread, frames }: Loss, { calls }: History): HistoryCall[] {
  const invoked = calls.find((call) => call.thread === thread && call.returned === Infinity)?.invoked;
  return invoked === undefined ? [] : frames.map((frame): HistoryCall => ({ thread, command: lost, operation: { op: 'allocate', worker: thread, count: 1 }, response: frame, invoked, returned: Infinity }));
}

/** The rule that every call refused at the frontier breaks, else linearizability as such. */
function commonRule(refused: readonly { rule: string }[]): InvariantId {
  const [first] = refused;
  const known = invariants.find((each) => each.id === first?.rule);
  return known !== undefined && refused.every(({ rule }) => rule === known.id) ? (known.id as InvariantId) : 'FP-LIN-1';
}

function mask(calls: readonly HistoryCall[], holds: (call: HistoryCall) => boolean): number {
  return calls.reduce((bits, call, at) => (holds(call) ? bits | (1 << at) : bits), 0);
}

/** A refusal may lean on another operation on the same frames that was in flight during the call. */
export function companyOf(call: HistoryCall, calls: readonly HistoryCall[]): Company {
  const beside = calls.filter((other) => other !== call && other.returned > call.invoked && other.invoked < call.returned);
  if (beside.length === 0) return 'alone';
  const mine = framesOf(call);
  return beside.some((other) => {
    const theirs = framesOf(other);
    return mine.start < theirs.end && theirs.start < mine.end;
  })
    ? 'interfering'
    : 'concurrent';
}

export function framesOf({ operation, response }: Pick<HistoryCall, 'operation' | 'response'>): { start: number; end: number } {
  const start = operation.op === 'free' ? operation.frame : response;
  return start < 0 ? { start: 0, end: 0 } : { start, end: start + operation.count };
}

export function describe({ thread, operation, response }: HistoryCall): string {
  return `${threadName(thread)}: ${describeOperation(operation)} → ${describeResponse(operation, response)}`;
}

export function describeOperation(operation: Operation): string {
  return operation.op === 'allocate' ? `allocate(${operation.count})` : `free(${operation.frame}, ${operation.count})`;
}

const errors = ['', 'OutOfMemory', 'InvalidCount', 'InvalidFrame', 'NotAllocated', 'SizeMismatch', 'Reserved', 'InvalidNode', 'InvalidZone', 'Offline'];

export function describeResponse(operation: Operation, response: number): string {
  if (response < 0) return errors[-response] ?? `error ${response}`;
  return operation.op === 'free' && response === 0 ? 'ok' : String(response);
}
