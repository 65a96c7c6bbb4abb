import { compileFunction } from 'node:vm';
import { askMark, Op, requests, type Coroutine, type View } from './access.ts';
import type { Program } from './program.ts';

/** A number, a register (0 if unset), or an operator with one or two operands, in 32-bit integers. */
export type LitmusExpression = number | string | readonly [string, LitmusExpression, LitmusExpression?];

export type LitmusStep =
  | { readonly op: 'load'; readonly cell: string; readonly reg?: string }
  | { readonly op: 'store'; readonly cell: string; readonly val: LitmusExpression }
  | { readonly op: 'add' | 'sub' | 'and' | 'or' | 'xor' | 'xchg'; readonly cell: string; readonly val: LitmusExpression; readonly reg?: string }
  | { readonly op: 'cas'; readonly cell: string; readonly expected: LitmusExpression; readonly desired: LitmusExpression; readonly reg?: string }
  | { readonly op: 'if'; readonly cond: LitmusExpression; readonly then: readonly LitmusStep[]; readonly else?: readonly LitmusStep[] }
  | { readonly op: 'assume'; readonly cond: LitmusExpression }
  | { readonly op: 'set'; readonly reg: string; readonly val: LitmusExpression };

export interface LitmusTest {
  readonly name: string;
  readonly initial: Readonly<Record<string, number>>;
  readonly threads: readonly (readonly LitmusStep[])[];
}

export interface LitmusOutcome {
  readonly mem: Readonly<Record<string, number>>;
  readonly regs: readonly Readonly<Record<string, number>>[];
}

/** A file that is not in the notation; `place` says where in it (a JSON path). */
export class LitmusError extends Error {
  override readonly name = 'LitmusError';
  readonly place: string;
  constructor(place: string, message: string) {
    super(message);
    this.place = place;
  }
}

const binary: Readonly<Record<string, string>> = {
  '+': '+', '-': '-', '^': '^', '&': '&', '|': '|', '==': '===', '!=': '!==', '<': '<', '<=': '<=', '>': '>', '>=': '>=', '&&': '&&', '||': '||',
};
const readModifyWrite: Readonly<Record<string, string>> = { add: 'add', sub: 'sub', and: 'and', or: 'or', xor: 'xor', xchg: 'exchange' };
const keysOf: Readonly<Record<string, readonly string[]>> = {
  load: ['cell', 'reg'], store: ['cell', 'val'], cas: ['cell', 'expected', 'desired', 'reg'],
  add: ['cell', 'val', 'reg'], sub: ['cell', 'val', 'reg'], and: ['cell', 'val', 'reg'], or: ['cell', 'val', 'reg'], xor: ['cell', 'val', 'reg'],
  xchg: ['cell', 'val', 'reg'], if: ['cond', 'then', 'else'], assume: ['cond'], set: ['reg', 'val'],
};
/** Threads are bits of a 31-bit set. */
const threadsMax = 30;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Checks a parsed file: one program, an array of them, or an object with `programs`. Throws {@link LitmusError}. */
export function readLitmus(json: unknown): LitmusTest[] {
  const listed = isRecord(json) && 'programs' in json ? json['programs'] : Array.isArray(json) ? json : [json];
  if (!Array.isArray(listed)) throw new LitmusError('programs', 'must be an array of programs');
  return listed.map((entry: unknown, at) => readTest(entry, `programs[${at}]`));
}

function readTest(json: unknown, place: string): LitmusTest {
  if (!isRecord(json)) throw new LitmusError(place, 'must be an object with name, initial and threads');
  const { name, initial, threads } = json;
  if (typeof name !== 'string') throw new LitmusError(`${place}.name`, 'must be a string');
  if (!isRecord(initial)) throw new LitmusError(`${place}.initial`, 'must map each cell to its first value');
  for (const [cell, value] of Object.entries(initial)) {
    if (!Number.isInteger(value)) throw new LitmusError(`${place}.initial.${cell}`, 'must be a whole number');
  }
  if (!Array.isArray(threads) || threads.length === 0 || threads.length > threadsMax) {
    throw new LitmusError(`${place}.threads`, `must be an array of 1 to ${threadsMax} threads`);
  }
  const cells = initial as Record<string, number>;
  threads.forEach((thread: unknown, at) => checkSteps(thread, cells, `${place}.threads[${at}]`));
  return { name, initial: cells, threads };
}

function checkSteps(steps: unknown, cells: Record<string, number>, place: string): void {
  if (!Array.isArray(steps)) throw new LitmusError(place, 'must be an array of operations');
  steps.forEach((step: unknown, at) => {
    const here = `${place}[${at}]`;
    if (!isRecord(step)) throw new LitmusError(here, 'must be an operation');
    const { op } = step;
    const known = typeof op === 'string' && Object.hasOwn(keysOf, op) ? keysOf[op] : undefined;
    if (known === undefined) throw new LitmusError(`${here}.op`, `unknown operation ${JSON.stringify(op)}; known: ${Object.keys(keysOf).join(', ')}`);
    const extra = Object.keys(step).find((key) => key !== 'op' && !known.includes(key));
    if (extra !== undefined) throw new LitmusError(`${here}.${extra}`, `unknown key of ${String(op)}; known: ${known.join(', ')}`);
    if (known.includes('cell') && (typeof step['cell'] !== 'string' || !Object.hasOwn(cells, step['cell']))) {
      throw new LitmusError(`${here}.cell`, `no cell ${JSON.stringify(step['cell'])} in initial`);
    }
    if ((op === 'set' || 'reg' in step) && typeof step['reg'] !== 'string') throw new LitmusError(`${here}.reg`, 'must be a name');
    for (const key of ['val', 'expected', 'desired', 'cond']) if (known.includes(key)) checkExpression(step[key], `${here}.${key}`);
    if (op === 'if') {
      checkSteps(step['then'], cells, `${here}.then`);
      if (step['else'] !== undefined) checkSteps(step['else'], cells, `${here}.else`);
    }
  });
}

function checkExpression(expression: unknown, place: string): void {
  if (typeof expression === 'string' || Number.isInteger(expression)) return;
  if (!Array.isArray(expression)) throw new LitmusError(place, 'must be a whole number, a register, or an operator with its operands');
  const [operator, ...operands] = expression as unknown[];
  const arity = operator === '!' ? 1 : 2;
  if (typeof operator !== 'string' || (operator !== '!' && !Object.hasOwn(binary, operator)) || operands.length !== arity) {
    throw new LitmusError(place, `unknown operator or wrong number of operands: ${JSON.stringify(expression)}`);
  }
  operands.forEach((operand, at) => checkExpression(operand, `${place}[${at + 1}]`));
}

export interface LitmusProgram extends Program {
  readonly sites: readonly string[];
  /** Memory and registers as they are now. */
  outcome(): LitmusOutcome;
}

/** A litmus program as threads with accesses, for the same engine that runs allocators. */
export function litmusProgram(test: LitmusTest): LitmusProgram {
  const names = Object.keys(test.initial);
  const words: View = new Int32Array(new SharedArrayBuffer(4 * Math.max(1, names.length)));
  names.forEach((name, at) => (words[at] = test.initial[name] as number));
  const registers: Int32Array[] = [];
  const registerNames: string[][] = [];
  const sites: string[] = [];
  const starts = test.threads.map((steps, thread) => {
    const register = new Map<string, number>();
    const body = compile(steps, names, register, sites, `thread ${thread}`);
    registers.push(new Int32Array(register.size));
    registerNames.push([...register.keys()]);
    const stuck = () => askMark(Op.stuck);
    // Compiled, since an interpreter of the notation would be several times slower.
    const make = compileFunction(`return function* () { register.fill(0); ${body} }`, ['words', 'register', 'requests', 'stuck']);
    return make(words, registers[thread], requests, stuck) as () => Coroutine;
  });
  return {
    threads: test.threads.length,
    variables: new Int32Array(0),
    setup: test.threads.map(() => []),
    start: (thread) => (starts[thread] as () => Coroutine)(),
    sites,
    outcome: () => ({
      mem: Object.fromEntries(names.map((name, at) => [name, words[at] as number])),
      regs: registers.map((values, thread) => Object.fromEntries((registerNames[thread] as string[]).map((name, at) => [name, values[at] as number]))),
    }),
  };
}

function compile(steps: readonly LitmusStep[], cells: readonly string[], registers: Map<string, number>, sites: string[], place: string): string {
  const register = (name: string): string => {
    if (!registers.has(name)) registers.set(name, registers.size);
    return `register[${registers.get(name)}]`;
  };
  const value = (expression: LitmusExpression): string => {
    if (typeof expression === 'number') return String(expression | 0);
    if (typeof expression === 'string') return register(expression);
    const [operator, left, right] = expression;
    if (operator === '!') return `(${value(left)} === 0 ? 1 : 0)`;
    return `((${value(left)} ${binary[operator]} ${value(right as LitmusExpression)}) | 0)`;
  };
  return steps
    .map((step, at) => {
      const here = `${place}[${at}]`;
      const site = (): number => sites.push(`${here} ${JSON.stringify(step)}`) - 1;
      const into = 'reg' in step && step.reg !== undefined ? `${register(step.reg)} = ` : '';
      switch (step.op) {
        case 'load':
          return `${into}yield requests.load(words, ${cells.indexOf(step.cell)}, ${site()});`;
        case 'store':
          return `yield requests.store(words, ${cells.indexOf(step.cell)}, ${value(step.val)}, ${site()});`;
        case 'cas':
          return `${into}yield requests.compareExchange(words, ${cells.indexOf(step.cell)}, ${value(step.expected)}, ${value(step.desired)}, ${site()});`;
        case 'set':
          return `${register(step.reg)} = ${value(step.val)};`;
        case 'assume':
          return `if (${value(step.cond)} === 0) yield stuck();`;
        case 'if': {
          const otherwise = step.else === undefined ? '' : compile(step.else, cells, registers, sites, `${here}.else`);
          return `if (${value(step.cond)} !== 0) { ${compile(step.then, cells, registers, sites, `${here}.then`)} } else { ${otherwise} }`;
        }
        default:
          return `${into}yield requests.${readModifyWrite[step.op]}(words, ${cells.indexOf(step.cell)}, ${value(step.val)}, ${site()});`;
      }
    })
    .join(' ');
}
