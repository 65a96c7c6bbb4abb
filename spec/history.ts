import type { Operation } from '../model/index.ts';
import { entryOf } from './commands/index.ts';
import { Op } from './explore/access.ts';
import { Divergence, type Execution } from './explore/execution.ts';
import { countsOf, type Scenario } from './scenario.ts';

/** A response that is no number of the contract: the operation threw. */
export const threw = -0x7fff_ffff;

/** One call of a history. Positions count the invocations and returns, so they order calls in real time. */
export interface HistoryCall {
  readonly thread: number;
  /** Number of the command within its thread. */
  readonly command: number;
  readonly operation: Operation;
  readonly response: number;
  readonly invoked: number;
  /** Infinity: it has not returned. */
  readonly returned: number;
}

/** Invocations and returns of one execution, all that a judge of histories may see. */
export interface History {
  readonly calls: readonly HistoryCall[];
  /** Equal for equal histories of one scenario. */
  readonly key: string;
}

/** Reads histories off the executions of one scenario. */
export class Histories {
  readonly #scenario: Scenario;
  readonly #countOf: (variable: number) => number;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#countOf = countsOf(scenario);
  }

  /** Only the key: cheap, so that each distinct history is judged once. */
  key(execution: Execution): string {
    let key = '';
    for (let at = 0; at < execution.depth; at++) {
      const op = execution.op[at] as number;
      if (op !== Op.invoke && op !== Op.return) continue;
      const value = execution.value[at] as number;
      key += String.fromCharCode(((execution.thread[at] as number) << 1) | (op & 1), value & 0xffff, value >>> 16);
    }
    return key;
  }

  history(execution: Execution): History {
    const calls: { -readonly [K in keyof HistoryCall]: HistoryCall[K] }[] = [];
    const next = this.#scenario.threads.map(() => 0);
    const open = this.#scenario.threads.map((): (typeof calls)[number] | undefined => undefined);
    let position = 0;
    for (let at = 0; at < execution.depth; at++) {
      const thread = execution.thread[at] as number;
      const value = execution.value[at] as number;
      if (execution.op[at] === Op.invoke) {
        const number = next[thread] as number;
        next[thread] = number + 1;
        const command = (this.#scenario.threads[thread] as Scenario['threads'][number])[number];
        if (command === undefined || value < 0) continue; // what it was to free was never allocated: not called
        const operation = entryOf(command).operation(command, thread, value, this.#countOf);
        if (operation === undefined) continue; // the model sees nothing of it
        const call = { thread, command: number, operation, response: 0, invoked: position++, returned: Infinity };
        open[thread] = call;
        calls.push(call);
      } else if (execution.op[at] === Op.return) {
        const call = open[thread];
        const command = (this.#scenario.threads[thread] as Scenario['threads'][number])[(next[thread] as number) - 1];
        if (call === undefined && command?.name === 'bury') continue;
        if (call === undefined) throw new Divergence(at, 'an operation returned that had not been invoked');
        call.response = value;
        call.returned = position++;
        open[thread] = undefined;
      }
    }
    return { calls, key: this.key(execution) };
  }
}
