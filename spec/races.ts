import { isAtomic, isMemory, isWaiting, Op } from './explore/access.ts';
import type { Execution } from './explore/execution.ts';
import { finding, type Finding } from './invariants.ts';

/**
 * Data races of one execution by the synchronizes-with clock (not the conflict clock that serves the reduction): an atomic read is
 * ordered after the atomic write that it reads from (ECMAScript, memory model: SeqCst events; a failed compareExchange only reads), an
 * invocation that was handed a frame after the return that handed it over. Hints are exempt.
 */
export function judgeRaces(execution: Execution, isHint: (cell: number) => boolean): Finding | undefined {
  const race = findRace(execution, isHint);
  if (race === undefined) return undefined;
  return finding('FP-RAC-1', `step ${race.earlier + 1} and step ${race.at + 1} touch the same bytes, one writes, one is plain, and nothing orders them`, race.at);
}

/** Positions of the first two accesses that race. */
export function findRace(execution: Execution, isHint: (cell: number) => boolean): { readonly earlier: number; readonly at: number } | undefined {
  const suspects = new Map<number, number[]>();
  for (let at = 0; at < execution.depth; at++) {
    const op = execution.op[at] as number;
    const cell = execution.cell[at] as number;
    if (isMemory(op) && !isAtomic(op) && !suspects.has(cell) && !isHint(cell)) suspects.set(cell, []);
  }
  if (suspects.size === 0) return undefined;
  const clocks = synchronizesWith(execution);
  for (let at = 0; at < execution.depth; at++) {
    if (!isMemory(execution.op[at] as number)) continue;
    const accesses = suspects.get(execution.cell[at] as number);
    if (accesses === undefined) continue;
    for (const earlier of accesses) {
      const writes = execution.wrote[at] === 1 || execution.wrote[earlier] === 1;
      const plain = !isAtomic(execution.op[at] as number) || !isAtomic(execution.op[earlier] as number);
      if (!writes || !plain || execution.thread[at] === execution.thread[earlier]) continue;
      const seen = (clocks[at] as Int32Array)[execution.thread[earlier] as number] as number;
      if (seen <= (execution.ordinal[earlier] as number)) return { earlier, at };
    }
    accesses.push(at);
  }
  return undefined;
}

/** Per event, by thread: how many of its events happen before. */
function synchronizesWith(execution: Execution): Int32Array[] {
  const { threads } = execution;
  const current = Array.from({ length: threads }, () => new Int32Array(threads));
  const released = new Map<number, Int32Array | undefined>();
  const boundBy = new Map<number, Int32Array>();
  const clocks: Int32Array[] = [];
  const join = (into: Int32Array, from: Int32Array | undefined): void => {
    from?.forEach((count, thread) => {
      if (count > (into[thread] as number)) into[thread] = count;
    });
  };
  for (let at = 0; at < execution.depth; at++) {
    const op = execution.op[at] as number;
    const thread = execution.thread[at] as number;
    const cell = execution.cell[at] as number;
    const clock = new Int32Array(current[thread] as Int32Array);
    if (isAtomic(op) && op !== Op.store) join(clock, released.get(cell));
    // Wait, wake and notify enter the critical section of the list of waiters, each after the one before (ECMAScript, EnterCriticalSection).
    const list = isWaiting(op) && op !== Op.pause;
    if (list) join(clock, released.get(cell));
    if (op === Op.wait) join(clock, released.get((execution.watched[at] as readonly number[])[0] as number));
    if (op === Op.invoke) join(clock, boundBy.get(execution.index[at] as number));
    clock[thread] = (execution.ordinal[at] as number) + 1;
    if (isMemory(op) && execution.wrote[at] === 1) released.set(cell, isAtomic(op) ? clock : undefined);
    if (list) released.set(cell, clock);
    if (op === Op.return) boundBy.set(execution.index[at] as number, clock);
    current[thread] = clock;
    clocks.push(clock);
  }
  return clocks;
}
