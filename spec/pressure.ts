import { pressureAfter, type State } from '../model/index.ts';
import type { Geometry, PressureLevel } from './contract.ts';
import type { History } from './history.ts';

/**
 * The levels that the pressure machine can have reached: each successful call moves the free count once, at some point between its
 * invocation and its return, which need not be the point at which it took effect on the frames. (An allocator updates its count after
 * its claim; demanding one common point would forbid that and gain nobody anything.)
 */
export function pressuresOf(history: History, initial: State, { marks }: Geometry): ReadonlySet<PressureLevel> | undefined {
  if (marks === undefined) return undefined;
  const moves = history.calls.filter(({ response }) => response >= 0);
  const before = moves.map((call) => moves.reduce((bits, other, at) => (other.returned < call.invoked ? bits | (1 << at) : bits), 0));
  const reached = new Set<PressureLevel>();
  const visited = new Set<string>();
  const search = (done: number, framesFree: number, level: PressureLevel): void => {
    const key = `${done} ${level}`;
    if (visited.has(key)) return;
    visited.add(key);
    if (done === (1 << moves.length) - 1) reached.add(level);
    moves.forEach(({ operation }, at) => {
      if ((done & (1 << at)) !== 0 || ((before[at] as number) & ~done) !== 0) return;
      const free = framesFree + (operation.op === 'allocate' ? -operation.count : operation.count);
      search(done | (1 << at), free, pressureAfter(level, free, marks));
    });
  };
  search(0, initial.framesFree, initial.pressure);
  return reached;
}
