import { compileFunction } from 'node:vm';
import { askMark, Op, requests, type Coroutine, type View } from './access.ts';
import type { Program } from './program.ts';

/** A number, a register (0 if unset), or an operator with one or two operands, in 32-bit integers. */
export type LitmusExpression = number | string | readonly [string, LitmusExpression, LitmusExpression?];

export type LitmusStep =
  /** `plain`: not atomic, and a race is told. `hint`: not atomic, may be read stale, and the cell's races are not told. */
  | { readonly op: 'load'; readonly cell: string; readonly reg?: string; readonly plain?: boolean; readonly hint?: boolean }
  | { readonly op: 'store'; readonly cell: string; readonly val: LitmusExpression; readonly plain?: boolean; readonly hint?: boolean }
  | { readonly op: 'add' | 'sub' | 'and' | 'or' | 'xor' | 'xchg'; readonly cell: string; readonly val: LitmusExpression; readonly reg?: string }
  | { readonly op: 'cas'; readonly cell: string; readonly expected: LitmusExpression; readonly desired: LitmusExpression; readonly reg?: string }
  | { readonly op: 'if'; readonly cond: LitmusExpression; readonly then: readonly LitmusStep[]; readonly else?: readonly LitmusStep[] }
  | { readonly op: 'assume' | 'assert'; readonly cond: LitmusExpression }
  | { readonly op: 'set'; readonly reg: string; readonly val: LitmusExpression };

export interface LitmusTest {
  readonly name: string;
  readonly initial: Readonly<Record<string, number>>;
  readonly threads: readonly (readonly LitmusStep[])[];
  /** Of every complete execution; a name is a cell, `0:a` register `a` of thread 0, or a register that only one thread has. */
  readonly finalAssert?: LitmusExpression;
  /** Whether an execution is wrong in which no thread can go on and one has not finished. */
  readonly mustFinish?: boolean;
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
  load: ['cell', 'reg', 'plain', 'hint'], store: ['cell', 'val', 'plain', 'hint'], cas: ['cell', 'expected', 'desired', 'reg'],
  add: ['cell', 'val', 'reg'], sub: ['cell', 'val', 'reg'], and: ['cell', 'val', 'reg'], or: ['cell', 'val', 'reg'], xor: ['cell', 'val', 'reg'],
  xchg: ['cell', 'val', 'reg'], if: ['cond', 'then', 'else'], assume: ['cond'], assert: ['cond'], set: ['reg', 'val'],
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
  const { name, initial, threads, finalAssert, mustFinish } = json;
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
  if (mustFinish !== undefined && typeof mustFinish !== 'boolean') throw new LitmusError(`${place}.mustFinish`, 'must be true or false');
  const test: LitmusTest = { name, initial: cells, threads, ...(mustFinish === undefined ? {} : { mustFinish }) };
  if (finalAssert === undefined) return test;
  checkExpression(finalAssert, `${place}.finalAssert`);
  finalNames(test, (message) => new LitmusError(`${place}.finalAssert`, message))(finalAssert as LitmusExpression);
  return { ...test, finalAssert: finalAssert as LitmusExpression };
}

/** Names in a final assertion that mean nothing, or not one thing, are refused; of the others, the code that reads each. */
function finalNames({ initial, threads }: LitmusTest, refuse: (message: string) => Error): (expression: LitmusExpression) => (name: string) => string {
  const registers = threads.map((steps) => new Set(registersOf(steps)));
  const cells = Object.keys(initial);
  const meaning = (name: string): string => {
    const numbered = /^(\d+):(.+)$/.exec(name);
    const [thread, register] = numbered === null ? [-1, name] : [Number(numbered[1]), numbered[2] as string];
    if (numbered === null && cells.includes(name)) return `words[${cells.indexOf(name)}]`;
    const having = registers.flatMap((known, at) => (known.has(register) && (thread < 0 || at === thread) ? [at] : []));
    if (having.length === 1) return `registers[${having[0]}][names[${having[0]}].indexOf(${JSON.stringify(register)})]`;
    throw refuse(having.length === 0 ? `no cell and no register ${JSON.stringify(name)}` : `register ${name} is of threads ${having.join(' and ')}; write ${having[0]}:${name}`);
  };
  const visit = (expression: LitmusExpression): void => {
    if (typeof expression === 'string') meaning(expression);
    else if (typeof expression !== 'number') for (const operand of expression.slice(1)) visit(operand as LitmusExpression);
  };
  return (expression) => {
    visit(expression);
    return meaning;
  };
}

const registersOf = (steps: readonly LitmusStep[]): string[] =>
  steps.flatMap((step) => (step.op === 'if' ? [...registersOf(step.then), ...registersOf(step.else ?? [])] : 'reg' in step && step.reg !== undefined ? [step.reg] : []));

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
    for (const key of ['plain', 'hint']) if (key in step && typeof step[key] !== 'boolean') throw new LitmusError(`${here}.${key}`, 'must be true or false');
    if (step['plain'] === true && step['hint'] === true) throw new LitmusError(`${here}.hint`, 'an access is either plain or a hint');
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
  /** Where in the program each access stands, and what it is. */
  readonly sites: readonly LitmusSite[];
  /** Cells that are accessed as hints somewhere, by their place in `initial`. */
  readonly hints: ReadonlySet<number>;
  /** Memory and registers as they are now. */
  outcome(): LitmusOutcome;
  /** By thread: the site of the first assertion that failed, or −1. */
  readonly failed: Int32Array;
  /** Whether the final assertion holds of memory and registers as they are now. */
  finallyHolds(): boolean;
}

export interface LitmusSite {
  /** `threads[0][2].then[1]`. */
  readonly where: string;
  readonly step: LitmusStep;
}

/** A litmus program as threads with accesses, for the same engine that runs allocators. */
export function litmusProgram(test: LitmusTest): LitmusProgram {
  const names = Object.keys(test.initial);
  const words: View = new Int32Array(new SharedArrayBuffer(4 * Math.max(1, names.length)));
  names.forEach((name, at) => (words[at] = test.initial[name] as number));
  const registers: Int32Array[] = [];
  const registerNames: string[][] = [];
  const sites: LitmusSite[] = [];
  const failed = new Int32Array(test.threads.length).fill(-1);
  const starts = test.threads.map((steps, thread) => {
    const register = new Map<string, number>();
    const body = compile(steps, names, register, sites, `threads[${thread}]`);
    registers.push(new Int32Array(register.size));
    registerNames.push([...register.keys()]);
    const stuck = () => askMark(Op.stuck);
    // Compiled, since an interpreter of the notation would be several times slower.
    const fail = (site: number) => {
      if (failed[thread] === -1) failed[thread] = site;
    };
    const begin = () => {
      registers[thread]?.fill(0);
      failed[thread] = -1;
    };
    const make = compileFunction(`return function* () { begin(); ${body} }`, ['words', 'register', 'requests', 'stuck', 'begin', 'fail']);
    return make(words, registers[thread], requests, stuck, begin, fail) as () => Coroutine;
  });
  const finallyHolds = compileFinal(test)(words, registers, registerNames);
  return {
    threads: test.threads.length,
    variables: new Int32Array(0),
    setup: test.threads.map(() => []),
    start: (thread) => (starts[thread] as () => Coroutine)(),
    sites, failed, finallyHolds,
    hints: new Set(sites.flatMap(({ step }) => ('hint' in step && step.hint === true ? [names.indexOf(step.cell)] : []))),
    outcome: () => ({
      mem: Object.fromEntries(names.map((name, at) => [name, words[at] as number])),
      regs: registers.map((values, thread) => Object.fromEntries((registerNames[thread] as string[]).map((name, at) => [name, values[at] as number]))),
    }),
  };
}

function compileFinal(test: LitmusTest): (words: View, registers: readonly Int32Array[], names: readonly string[][]) => () => boolean {
  const { finalAssert } = test;
  if (finalAssert === undefined) return () => () => true;
  const meaning = finalNames(test, (message) => new LitmusError('finalAssert', message))(finalAssert);
  return compileFunction(`return () => ${valueOf(finalAssert, meaning)} !== 0;`, ['words', 'registers', 'names']) as ReturnType<typeof compileFinal>;
}

function valueOf(expression: LitmusExpression, name: (name: string) => string): string {
  if (typeof expression === 'number') return String(expression | 0);
  if (typeof expression === 'string') return name(expression);
  const [operator, left, right] = expression;
  if (operator === '!') return `(${valueOf(left, name)} === 0 ? 1 : 0)`;
  return `((${valueOf(left, name)} ${binary[operator]} ${valueOf(right as LitmusExpression, name)}) | 0)`;
}

function compile(steps: readonly LitmusStep[], cells: readonly string[], registers: Map<string, number>, sites: LitmusSite[], place: string): string {
  const register = (name: string): string => {
    if (!registers.has(name)) registers.set(name, registers.size);
    return `register[${registers.get(name)}]`;
  };
  const value = (expression: LitmusExpression): string => valueOf(expression, register);
  const taken = (request: string): string => `${request} ? yield : requests.got()`;
  return steps
    .map((step, at) => {
      const here = `${place}[${at}]`;
      const site = (): number => sites.push({ where: here, step }) - 1;
      const into = 'reg' in step && step.reg !== undefined ? `${register(step.reg)} = ` : '';
      switch (step.op) {
        case 'load':
          return `${into}${taken(`requests.${step.plain === true ? 'ownRead' : step.hint === true ? 'peek' : 'load'}(words, ${cells.indexOf(step.cell)}, ${site()})`)};`;
        case 'store':
          return `${taken(`requests.${step.plain === true ? 'ownWrite' : step.hint === true ? 'poke' : 'store'}(words, ${cells.indexOf(step.cell)}, ${value(step.val)}, ${site()})`)};`;
        case 'cas':
          return `${into}${taken(`requests.compareExchange(words, ${cells.indexOf(step.cell)}, ${value(step.expected)}, ${value(step.desired)}, ${site()})`)};`;
        case 'set':
          return `${register(step.reg)} = ${value(step.val)};`;
        case 'assume':
          return `if (${value(step.cond)} === 0) { ${taken('stuck()')}; }`;
        case 'assert':
          return `if (${value(step.cond)} === 0) fail(${site()});`;
        case 'if': {
          const otherwise = step.else === undefined ? '' : compile(step.else, cells, registers, sites, `${here}.else`);
          return `if (${value(step.cond)} !== 0) { ${compile(step.then, cells, registers, sites, `${here}.then`)} } else { ${otherwise} }`;
        }
        default:
          return `${into}${taken(`requests.${readModifyWrite[step.op]}(words, ${cells.indexOf(step.cell)}, ${value(step.val)}, ${site()})`)};`;
      }
    })
    .join(' ');
}
