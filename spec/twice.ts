import { isMemory, opNames } from './explore/access.ts';
import { threadName } from './decision.ts';
import { Divergence, Execution } from './explore/execution.ts';
import type { Scenario } from './scenario.ts';
import { ScenarioProgram } from './scenario-program.ts';
import type { LoadedSubject } from './subject.ts';

/** Runs of a scenario of which one is run again; the first is, too. */
const everySo = 1024;

export const isSample = (run: number): boolean => run === 1 || run % everySo === 0;

/**
 * Runs an execution once more from nothing, new memory and new handles, along the same turns, and compares step by step what was
 * accessed and what came of it. Throws {@link Divergence} at the first step that differs: something besides the shared memory decides.
 */
export function runTwice(loaded: LoadedSubject, scenario: Scenario, first: Execution): void {
  const program = new ScenarioProgram(loaded.subject, scenario);
  if (program.setup.map(String).join() !== first.program.setup.map(String).join()) throw new Divergence(0, 'before any thread ran, attach() or the prefix saw other values when it was run again');
  const second = new Execution(program, first.limits);
  const turns = first.turns();
  for (let at = 0; at < first.depth; at++) {
    const thread = first.thread[at] as number;
    const diverged = (what: string): Divergence => new Divergence(at, `${threadName(thread)} ${what} when the same steps were run again`);
    if (!second.canStep(thread)) throw diverged('could not go on');
    second.step(turns[at] as number);
    for (const column of ['op', 'site'] as const) {
      if (first[column][at] !== second[column][at]) throw diverged(`did ${opNames[first.op[at] as number]} at first, and ${opNames[second.op[at] as number]}${column === 'site' ? ' in another place' : ''}`);
    }
    const memory = isMemory(first.op[at] as number);
    if (memory && (first.index[at] !== second.index[at] || offsetOf(first, at) !== offsetOf(second, at))) throw diverged('accessed another element');
    for (const column of ['value', 'after'] as const) {
      const [one, other] = [first[column][at], second[column][at]];
      if ((column === 'value' || memory) && !Object.is(one, other)) throw diverged(`had ${String(one)} at first, and ${String(other)}`);
    }
  }
}

const offsetOf = ({ cells, cell }: Execution, at: number): number => cells.offset[cell[at] as number] as number;
