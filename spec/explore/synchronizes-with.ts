import { isAtomic, isMemory, isWaiting, Op } from './access.ts';
import type { Events } from './events.ts';

/**
 * Happens-before of ECMAScript's memory model, and not the order that serves the reduction: per event, by thread, how many of its events
 * happen before it or are it. An atomic read is ordered after the atomic write that it reads from (SeqCst events; a failed
 * compareExchange only reads), an invocation that was handed a frame after the return that handed it over.
 */
export function synchronizesWith(events: Events): Int32Array[] {
  const { threads } = events;
  const current = Array.from({ length: threads }, () => new Int32Array(threads));
  const released = new Map<number, Int32Array | undefined>();
  const boundBy = new Map<number, Int32Array>();
  const clocks: Int32Array[] = [];
  const join = (into: Int32Array, from: Int32Array | undefined): void => {
    from?.forEach((count, thread) => {
      if (count > (into[thread] as number)) into[thread] = count;
    });
  };
  for (let at = 0; at < events.depth; at++) {
    const op = events.op[at] as number;
    const thread = events.thread[at] as number;
    const cell = events.cell[at] as number;
    const clock = new Int32Array(current[thread] as Int32Array);
    if (isAtomic(op) && op !== Op.store) join(clock, released.get(cell));
    // Wait, wake and notify enter the critical section of the list of waiters, each after the one before (ECMAScript, EnterCriticalSection).
    const list = isWaiting(op) && op !== Op.pause;
    if (list) join(clock, released.get(cell));
    if (op === Op.wait) join(clock, released.get((events.watched[at] as readonly number[])[0] as number));
    const variable = op === Op.invoke || op === Op.return ? (events.index[at] as number) : -1;
    if (op === Op.invoke && variable >= 0) join(clock, boundBy.get(variable));
    clock[thread] = (events.ordinal[at] as number) + 1;
    if (isMemory(op) && events.wrote[at] === 1) released.set(cell, isAtomic(op) ? clock : undefined);
    if (list) released.set(cell, clock);
    if (op === Op.return && variable >= 0) boundBy.set(variable, clock);
    current[thread] = clock;
    clocks.push(clock);
  }
  return clocks;
}
