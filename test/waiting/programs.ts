import { opNames, requests, type Coroutine, type View } from '../../spec/explore/access.ts';
import { Execution } from '../../spec/explore/execution.ts';
import type { Program } from '../../spec/explore/program.ts';
import { explore, type Scheduler } from '../../spec/explore/scheduler.ts';

/** What a thread of a small program does, one after the other. Cells are numbers; `most` limits the rounds of a spin. */
export type Action =
  | { readonly do: 'load' | 'await' | 'notify all' | 'notify one'; readonly cell: number; readonly value: number }
  | { readonly do: 'store' | 'add' | 'exchange' | 'wait' | 'wait a while' | 'wait while' | 'wait a while while'; readonly cell: number; readonly value: number }
  | { readonly do: 'cas'; readonly cell: number; readonly value: number; readonly to: number }
  | { readonly do: 'spin' | 'wait a few times'; readonly cell: number; readonly value: number; readonly most: number }
  | { readonly do: 'spin for either'; readonly cell: number; readonly other: number; readonly value: number }
  | { readonly do: 'lock' | 'unlock'; readonly cell: number };

export const cellsMax = 3;

export function programOf(threads: readonly (readonly Action[])[]): Program & { readonly words: View } {
  const words: View = new Int32Array(new SharedArrayBuffer(4 * cellsMax));
  return { threads: threads.length, variables: new Int32Array(0), setup: threads.map(() => []), start: (thread) => run(words, threads[thread] as readonly Action[]), words };
}

function* asked(yields: boolean): Coroutine<number> {
  return yields ? yield : requests.got();
}

function* run(words: View, actions: readonly Action[]): Coroutine<void> {
  for (const [number, action] of actions.entries()) {
    const { cell } = action;
    const site = 2 * number;
    switch (action.do) {
      case 'load': yield* asked(requests.load(words, cell, site)); break;
      case 'store': yield* asked(requests.store(words, cell, action.value, site)); break;
      case 'add': yield* asked(requests.add(words, cell, action.value, site)); break;
      case 'exchange': yield* asked(requests.exchange(words, cell, action.value, site)); break;
      case 'cas': yield* asked(requests.compareExchange(words, cell, action.value, action.to, site)); break;
      case 'await': while ((yield* asked(requests.load(words, cell, site))) !== action.value) yield* asked(requests.pause(undefined, site)); break;
      case 'spin': {
        let round = 0;
        while (round++ < action.most && (yield* asked(requests.load(words, cell, site))) !== action.value) yield* asked(requests.pause(undefined, site));
        break;
      }
      case 'wait a few times': {
        let round = 0;
        while (round++ < action.most && (yield* asked(requests.load(words, cell, site))) === action.value) yield* requests.wait(words, cell, action.value, 5, site);
        break;
      }
      case 'spin for either':
        while ((yield* asked(requests.load(words, cell, site))) !== action.value && (yield* asked(requests.load(words, action.other, site))) !== action.value) yield* asked(requests.pause(undefined, site));
        break;
      case 'wait': yield* requests.wait(words, cell, action.value, undefined, site); break;
      case 'wait a while': yield* requests.wait(words, cell, action.value, 5, site); break;
      case 'wait while': while ((yield* asked(requests.load(words, cell, site))) === action.value) yield* requests.wait(words, cell, action.value, undefined, site); break;
      case 'wait a while while': while ((yield* asked(requests.load(words, cell, site))) === action.value) yield* requests.wait(words, cell, action.value, 5, site); break;
      case 'notify all': yield* asked(requests.notify(words, cell, undefined, site)); break;
      case 'notify one': yield* asked(requests.notify(words, cell, 1, site)); break;
      case 'lock': while ((yield* asked(requests.compareExchange(words, cell, 0, 1, site))) !== 0) yield* asked(requests.pause(undefined, site)); break;
      case 'unlock': yield* asked(requests.store(words, cell, 0, site)); break;
    }
  }
}

export interface Endings {
  readonly seen: ReadonlySet<string>;
  readonly executions: number;
  /** Somebody went on only because nobody else could. */
  readonly released: boolean;
}

/** Every way in which a program ends: what each thread saw at each step, the memory, and whether all finished. Undefined beyond the limit. */
export function endings(threads: readonly (readonly Action[])[], scheduler: (stepsMax: number) => Scheduler, executionsMax: number, stepsMax = 200): Endings | undefined {
  const program = programOf(threads);
  const execution = new Execution(program, { stepsMax, intervals: true, roundsMax: 10 });
  const seen = new Set<string>();
  let executions = 0;
  let released = false;
  for (const ending of explore(execution, scheduler(stepsMax))) {
    if (++executions > executionsMax) return undefined;
    if (ending === 'redundant') continue;
    released ||= execution.released.subarray(0, execution.depth).includes(1);
    const values = threads.map((_, thread) => Array.from({ length: execution.count[thread] as number }, (__, k) => {
      const at = execution.position(thread, k);
      return `${opNames[execution.op[at] as number]}:${execution.value[at]}`;
    }).join(' '));
    seen.add(`${ending} [${program.words.join()}] ${values.join(' | ')}`);
  }
  return { seen, executions, released };
}

/** Two threads of up to four actions, or three of up to three. */
export function randomProgram(random: () => number): Action[][] {
  const below = (limit: number): number => Math.floor(random() * limit);
  const threads = 2 + below(2);
  const length = threads === 2 ? 4 : 3;
  const action = (): Action => {
    const cell = below(2);
    const value = below(2);
    const kinds = ['load', 'store', 'store', 'add', 'exchange', 'cas', 'await', 'spin', 'spin', 'spin for either', 'wait', 'wait a few times', 'wait a while', 'wait while', 'wait a while while', 'notify all', 'notify one', 'notify one', 'lock', 'unlock'] as const;
    const kind = kinds[below(kinds.length)] as (typeof kinds)[number];
    if (kind === 'cas') return { do: kind, cell, value, to: 1 - value };
    if (kind === 'spin' || kind === 'wait a few times') return { do: kind, cell, value, most: 1 + below(3) };
    if (kind === 'spin for either') return { do: kind, cell, other: 1 - cell, value: 1 };
    if (kind === 'lock' || kind === 'unlock') return { do: kind, cell: cellsMax - 1 };
    return { do: kind, cell, value };
  };
  return Array.from({ length: threads }, () => Array.from({ length: 1 + below(length) }, action));
}
