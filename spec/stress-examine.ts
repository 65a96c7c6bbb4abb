import { LongRun, type Operation, type Rules } from '../model/index.ts';
import { counts } from './commands/allocate.ts';
import type { FrameRange, Geometry, Handle, ObservedFrame, Subject } from './contract.ts';
import { finding, invariants, type Finding, type InvariantId } from './invariants.ts';
import { describeOperation, describeResponse } from './linearizability.ts';
import { firstDifference } from './refinement.ts';

/**
 * Judges the memory of real threads when all of them stand still: it must show what the history left (`live`), count it right, and serve the largest runs
 * that the model says are there, and again once those are given back. The allocations of the threads stay as they are.
 */
export function examineStanding(subject: Subject, shared: unknown, handle: Handle, geometry: Geometry, rules: Rules, live: readonly FrameRange[]): Finding | undefined {
  const model = new LongRun(geometry, rules);
  for (const { start, count } of live) {
    const rejected = model.step({ op: 'allocate', worker: 0, count }, start);
    if (rejected !== undefined) throw new Error(`a history that was judged right leaves a state that is not: ${rejected.reason}`);
  }
  return compared(subject, shared, handle, geometry, model) ?? probed(subject, handle, geometry, model);
}

function compared(subject: Subject, shared: unknown, handle: Handle, { firstFrame }: Geometry, model: LongRun): Finding | undefined {
  const observed = subject.observe?.(shared);
  const at = observed === undefined ? undefined : firstDifference(model.standing, observed);
  if (observed !== undefined && at !== undefined) {
    const held = [...model.standing.allocations].some(([start, count]) => firstFrame + at >= start && firstFrame + at < start + count);
    return finding('FP-REF-1', `when all threads stand still, frame ${firstFrame + at} is ${held ? 'allocated' : 'not allocated'} by the history, and ${name(observed[at])} in memory`);
  }
  const framesFree = handle.framesFree?.();
  if (framesFree !== undefined && framesFree !== model.framesFree) {
    return finding('FP-CNT-1', `when all threads stand still, framesFree() is ${framesFree}, and ${model.framesFree} frames are free`);
  }
  return undefined;
}

function probed(subject: Subject, handle: Handle, geometry: Geometry, model: LongRun): Finding | undefined {
  const taken: FrameRange[] = [];
  const ask = (operation: Operation): Finding | undefined => {
    let response: number;
    try {
      response = operation.op === 'allocate' ? handle.allocate(operation.count) : handle.free(operation.frame, operation.count);
    } catch (error) {
      return { ...finding('FP-EXC-1', `asked when all threads stand still, ${describeOperation(operation)} threw ${String(error)}`), layer: 'quiescence' };
    }
    if (!Number.isInteger(response)) return { ...finding('FP-EXC-1', `asked when all threads stand still, ${describeOperation(operation)} returned ${String(response)}`), layer: 'quiescence' };
    const wrong = model.step(operation, response);
    if (wrong === undefined) {
      if (operation.op === 'allocate' && response >= 0) taken.push({ start: response, count: operation.count });
      return undefined;
    }
    const known = invariants.find(({ id }) => id === wrong.rule);
    const id = wrong.rule === 'FP-OOM-1' || known === undefined ? 'FP-PRB-1' : (known.id as InvariantId);
    return { ...finding(id, `asked when all threads stand still, ${describeOperation(operation)} → ${describeResponse(operation, response)}: ${wrong.reason}`), layer: 'quiescence' };
  };
  const most = Math.min(geometry.frames, 2 ** geometry.maxOrder, subject.limits?.countMax ?? Infinity);
  const askable = counts(subject.features ?? {}, most).reverse();
  const largest = (): number | undefined => askable.find((count) => model.suitableRun(count) >= 0);
  for (let again = 0; again < 2; again++) {
    for (let count = largest(); count !== undefined; count = largest()) {
      const wrong = ask({ op: 'allocate', worker: 0, count });
      if (wrong !== undefined) return wrong;
    }
    const wrong = ask({ op: 'allocate', worker: 0, count: 1 });
    if (wrong !== undefined) return wrong;
    for (const { start, count } of taken.splice(0)) {
      const refused = ask({ op: 'free', worker: 0, frame: start, count });
      if (refused !== undefined) return refused;
    }
  }
  return undefined;
}

const name = (frame: ObservedFrame | undefined): string => (frame === undefined ? 'missing' : typeof frame === 'object' ? `cached by ${frame.cached}` : frame);
