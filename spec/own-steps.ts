import type { Progress, Subject } from './contract.ts';
import { threadName } from './decision.ts';
import { isMemory, Op } from './explore/access.ts';
import type { Execution } from './explore/execution.ts';
import { finding, type Finding } from './invariants.ts';
import type { StepsSeen } from './report.ts';
import type { Scenario } from './scenario.ts';

/** The bound that a subject declares for an operation. */
interface Bound {
  readonly steps: number;
  readonly perInterference: number;
}

/** By name of the command: pairs of the number of interfering accesses and the most steps seen with as many. */
export type StepsTable = Readonly<Record<string, readonly (readonly [number, number])[]>>;

/**
 * Own accesses of operations between invocation and return over all executions, and how they grow with interference. An access of another
 * thread interferes if it conflicts with an access of the operation and lies between two of its accesses in every order that is equivalent
 * to the execution, so that the measure does not depend on which of them was explored.
 */
export class OwnSteps {
  readonly #bounds: Readonly<Record<string, Bound | undefined>>;
  /** By name of the command and number of interfering accesses: the most steps seen. */
  readonly #most = new Map<string, Map<number, number>>();

  constructor(progress: Subject['progress'], table: StepsTable = {}) {
    this.add(table);
    this.#bounds = Object.fromEntries(Object.entries(progress ?? {}).map(([name, each]) => [name, boundOf(each)]));
  }

  /** Takes an execution in; a finding if an operation exceeds its declared bound. */
  count(execution: Execution, threads: Scenario['threads']): Finding | undefined {
    const invoked: number[] = [];
    const commands: number[] = [];
    for (let at = 0; at < execution.depth; at++) {
      const op = execution.op[at];
      if (op !== Op.invoke && op !== Op.return) continue;
      const thread = execution.thread[at] as number;
      if (op === Op.invoke) {
        invoked[thread] = at;
        commands[thread] = (commands[thread] ?? -1) + 1;
        continue;
      }
      const command = (threads[thread] as Scenario['threads'][number])[commands[thread] as number];
      const found = command === undefined ? undefined : this.#operation(execution, command.name, thread, invoked[thread] as number, at);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** What was seen, as plain data. */
  table(): StepsTable {
    return Object.fromEntries([...this.#most].map(([name, by]) => [name, [...by]]));
  }

  /** Takes in what was seen elsewhere. */
  add(table: StepsTable): void {
    for (const [name, theirs] of Object.entries(table)) {
      const by = this.#most.get(name) ?? new Map<number, number>();
      for (const [interfering, steps] of theirs) by.set(interfering, Math.max(steps, by.get(interfering) ?? 0));
      this.#most.set(name, by);
    }
  }

  clear(): void {
    this.#most.clear();
  }

  /** The most accesses of each operation. */
  most(): Record<string, number> {
    return { allocate: 0, free: 0, ...Object.fromEntries([...this.#most].map(([name, by]) => [name, Math.max(...by.values())])) };
  }

  seen(): Record<string, StepsSeen> {
    return Object.fromEntries([...this.#most].map(([name, by]) => {
      const alone = by.get(0) ?? 0;
      const byInterference = [...by].filter(([, steps]) => steps > alone).sort(([a], [b]) => a - b);
      const slopes = byInterference.map(([interfering, steps]) => (steps - alone) / interfering);
      return [name, { most: Math.max(...by.values()), alone, perInterference: Math.max(0, ...slopes), byInterference }];
    }));
  }

  #operation(execution: Execution, name: string, thread: number, invoked: number, returned: number): Finding | undefined {
    const steps = (execution.ordinal[returned] as number) - (execution.ordinal[invoked] as number) - 1;
    const by = this.#most.get(name) ?? new Map<number, number>();
    if (by.size === 0) this.#most.set(name, by);
    // No more than what it takes alone: however much interfered, nothing new is learnt.
    if (steps <= (by.get(0) ?? -1)) return undefined;
    const interfering = interference(execution, thread, invoked, returned);
    if (steps > (by.get(interfering) ?? -1)) by.set(interfering, steps);
    const bound = this.#bounds[name];
    if (bound === undefined || steps <= bound.steps + bound.perInterference * interfering) return undefined;
    return finding('FP-STP-1', `${threadName(thread)}: ${name} took ${steps} accesses of its own beside ${interfering} that interfered; declared are ${bound.steps} + ${bound.perInterference} × ${interfering}`, returned);
  }
}

function boundOf(progress: Progress): Bound | undefined {
  if (typeof progress === 'string' || progress.steps === undefined) return undefined;
  return { steps: progress.steps, perInterference: progress.perInterference ?? 0 };
}

/** Accesses of others that conflict with one of the operation's and lie between two of them by the conflict order. */
function interference(execution: Execution, thread: number, invoked: number, returned: number): number {
  const { threads, order } = execution;
  const touched = new Map<number, boolean>();
  const start = (execution.ordinal[invoked] as number) + 1;
  for (let at = invoked + 1; at < returned; at++) {
    if (execution.thread[at] !== thread || !isMemory(execution.op[at] as number)) continue;
    const cell = execution.cell[at] as number;
    touched.set(cell, touched.get(cell) === true || execution.wrote[at] === 1);
  }
  let interfering = 0;
  for (let at = invoked + 1; at < returned; at++) {
    if (execution.thread[at] === thread || !isMemory(execution.op[at] as number)) continue;
    const written = touched.get(execution.cell[at] as number);
    if (written === undefined || (!written && execution.wrote[at] === 0)) continue;
    const follows = (order.clock[at * threads + thread] as number) > start;
    if (follows && order.happensBefore(at, returned)) interfering++;
  }
  return interfering;
}
