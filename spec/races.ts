import { isAtomic, isMemory } from './explore/access.ts';
import type { Execution } from './explore/execution.ts';
import { synchronizesWith } from './explore/synchronizes-with.ts';
import { finding, type Finding } from './invariants.ts';

/**
 * Data races of one execution: conflicting accesses, one of them plain, that {@link synchronizesWith} does not order. Hints are exempt.
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
