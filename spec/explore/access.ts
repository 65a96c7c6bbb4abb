import { TracedView, type View } from './traced-view.ts';

export type { View };
/**
 * An access as a thread asks for it. Rewritten code is `(request(…) ? yield : got())`. A request that is to be yielded for lies in `pending`: the
 * execution copies it into the thread's slot at once, and performs it when a scheduler says so. One register instead of an object per access, because
 * this is the innermost loop of the explorer. Most requests need no yield: a thread that is run again has seen their values, see {@link runAgain}.
 */

/** Kinds of events. Those up to `compareExchange` are atomic, the next four plain, the rest have no cell of the subject's. */
export const Op = {
  load: 0,
  store: 1,
  add: 2,
  sub: 3,
  and: 4,
  or: 5,
  xor: 6,
  exchange: 7,
  compareExchange: 8,
  /** Plain, race-checked: a raw index, `ownRead`, `ownWrite`. */
  read: 9,
  write: 10,
  /** Plain, exempt from race reports on the cells that the subject declares as hints. */
  peek: 11,
  poke: 12,
  /** Ends one iteration of a wait: the thread goes on once a cell that it has read since its last pause has changed. */
  pause: 13,
  invoke: 14,
  return: 15,
  /** A thread of a litmus program that can never go on (`assume` not met). */
  stuck: 16,
  /** Between two parts of a set-up; never seen in an exploration. */
  turn: 17,
  /** `Atomics.wait`, as far as it goes in one step: compares and falls asleep (1), or finds another value (0). */
  wait: 18,
  /** The end of a sleep: notified (0), or timed out (1). Not to be had while neither is possible. */
  wake: 19,
  /** `Atomics.notify`: wakes those who sleep longest, gives their number. */
  notify: 20,
} as const;
export type Op = (typeof Op)[keyof typeof Op];

export const opNames: readonly string[] = Object.keys(Op);
export const isAtomic = (op: number): boolean => op <= Op.compareExchange;
export const isMemory = (op: number): boolean => op <= Op.poke;
/** Waiting and its end; see waiting.ts. */
export const isWaiting = (op: number): boolean => op === Op.pause || op >= Op.wait;
/** Whether the access only ever reads. A failed compareExchange is a read, too: that depends on the memory. */
export const onlyReads = (op: number): boolean => op === Op.load || op === Op.read || op === Op.peek;

export interface Pending {
  op: number;
  view: View | undefined;
  index: number;
  /** Value stored, added, …; the desired value of compareExchange; the variable of an invoke or return. */
  operand: number;
  expected: number;
  site: number;
}

export const pending: Pending = { op: 0, view: undefined, index: 0, operand: 0, expected: 0, site: 0 };

/** A rewritten operation: yields at each access and is resumed with the value that the access gave. How one calls another: {@link requests.calls}. */
export type Coroutine<Result = unknown> = Generator<undefined, Result, number>;

/** Rounds of loops since the last access, and how many there may be. */
export const rounds = { since: 0, most: 200_000_000 };

/** The element that an unusual index means (ECMAScript ToIndex: NaN is 0, fractions are cut off), or a RangeError. */
function elementOf(view: View, index: unknown): number {
  const whole = Math.trunc(Number(index)) || 0;
  if (whole < 0 || whole >= view.length) throw new RangeError(`Atomics access at index ${String(index)} of a view of ${view.length} elements`);
  return whole;
}

/** A value as an element of a view holds it: what a compareExchange compares with. */
function asElement(view: View, value: number): number {
  if (view instanceof Int32Array && value === (value | 0)) return value;
  const scratch = new (view.constructor as Int32ArrayConstructor)(1);
  scratch[0] = value;
  return scratch[0] as number;
}

/** The view behind a traced one, if the language lets anybody wait on it. */
function waitable(given: View, name: string): View {
  const view = TracedView.real(given);
  if (!(view instanceof Int32Array) && !((view as unknown) instanceof BigInt64Array)) throw new TypeError(`Atomics.${name} needs an Int32Array or BigInt64Array`);
  return view;
}

/** What a request or a call gave that needs no yield. */
let got: unknown;

/** What a thread that is run again was given the first time, and how much of it is still to come. */
let seen: readonly number[] = [];
let seenAt = 0;
let seenEnd = 0;

/** From now on the first `count` requests take these values, in this order, and need no yield. */
export function runAgain(values: readonly number[], count: number): void {
  seen = values;
  seenAt = 0;
  seenEnd = count;
}

/** Ends {@link runAgain}; gives how many values nobody asked for. */
export function ranAgain(): number {
  const left = seenEnd - seenAt;
  seenEnd = seenAt;
  return left;
}

function hasSeen(): boolean {
  if (seenAt === seenEnd) return false;
  got = seen[seenAt++];
  return true;
}

/** Whether the thread must yield. */
function ask(op: number, given: View, index: number, operand: number, expected: number, site: number): boolean {
  const view = TracedView.real(given);
  const element = index >= 0 && index < view.length && Number.isInteger(index) ? index : elementOf(view, index);
  const compared = op === Op.compareExchange ? asElement(view, expected) : expected;
  rounds.since = 0;
  if (hasSeen()) return false;
  pending.op = op;
  pending.view = view;
  pending.index = element;
  pending.operand = operand;
  pending.expected = compared;
  pending.site = site;
  return true;
}

/** Whether threads are running: while memory is laid out nothing is traced, and elements may be touched anywhere. */
export const mode = { live: false };

const isNumeric = (index: unknown): boolean => typeof index === 'number' || (typeof index === 'string' && String(Number(index)) === index);
const isElementIn = (view: View, index: number): boolean => Number.isInteger(index) && index >= 0 && index < view.length;

export function isSharedView(value: unknown): value is View {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return TracedView.is(value) || (ArrayBuffer.isView(value) && value.buffer instanceof SharedArrayBuffer && !(value instanceof DataView));
}

/** Of what every generator is an instance; `instanceof` is what an engine compiles best. */
const AnyGenerator = function () {} as unknown as new () => Coroutine;
AnyGenerator.prototype = Object.getPrototypeOf(Object.getPrototypeOf((function* () {})()));

/** Whether a function was rewritten to one that gives a coroutine. */
export const isGeneratorFunction = (value: unknown): value is (...parts: unknown[]) => Coroutine => typeof value === 'function' && Object.getPrototypeOf(value) === generatorFunction;
const generatorFunction: unknown = Object.getPrototypeOf(function* () {});

/** Whether a call gave a rewritten operation that has yet to be run. */
export const isCoroutine = (result: unknown): result is Coroutine => typeof result === 'object' && result instanceof AnyGenerator;

/** Operations that have yielded since their callers began them, the innermost first: what {@link Running} resumes from now on, in place of the outermost caller. */
export const begun: Coroutine[] = [];

/** What rewritten code calls; requests and calls say whether the thread must yield. Keys are the names that it uses (each with a leading `__`). */
export const requests = {
  load: (view: View, index: number, site: number) => ask(Op.load, view, index, 0, 0, site),
  store: (view: View, index: number, value: number, site: number) => ask(Op.store, view, index, typeof value === 'bigint' || Number.isInteger(value) ? value : Math.trunc(Number(value)) || 0, 0, site),
  add: (view: View, index: number, value: number, site: number) => ask(Op.add, view, index, value, 0, site),
  sub: (view: View, index: number, value: number, site: number) => ask(Op.sub, view, index, value, 0, site),
  and: (view: View, index: number, value: number, site: number) => ask(Op.and, view, index, value, 0, site),
  or: (view: View, index: number, value: number, site: number) => ask(Op.or, view, index, value, 0, site),
  xor: (view: View, index: number, value: number, site: number) => ask(Op.xor, view, index, value, 0, site),
  exchange: (view: View, index: number, value: number, site: number) => ask(Op.exchange, view, index, value, 0, site),
  compareExchange: (view: View, index: number, expected: number, desired: number, site: number) =>
    ask(Op.compareExchange, view, index, desired, expected, site),
  peek: (view: View, index: number, site: number) => ask(Op.peek, view, index, 0, 0, site),
  poke: (view: View, index: number, value: number, site: number) => ask(Op.poke, view, index, value, 0, site),
  pokeTag: (view: View, index: number, value: number, site: number) => ask(Op.poke, view, index, value, 0, site),
  ownRead: (view: View, index: number, site: number) => ask(Op.read, view, index, 0, 0, site),
  ownWrite: (view: View, index: number, value: number, site: number) => ask(Op.write, view, index, value, 0, site),
  pause: (rounds: unknown, site: number) => {
    if (rounds !== undefined && !Number.isInteger(rounds)) throw new TypeError(`Atomics.pause takes a whole number, not ${String(rounds)}`);
    return askOther(Op.pause, 0, 0, site);
  },
  /** In two steps, since others run while it sleeps. */
  *wait(view: View, index: number, value: number, timeout: number | undefined, site: number): Coroutine<'ok' | 'not-equal' | 'timed-out'> {
    const real = waitable(view, 'wait');
    if (!(real.buffer instanceof SharedArrayBuffer)) throw new TypeError('Atomics.wait needs a view of a SharedArrayBuffer');
    const element = elementOf(real, index);
    const expected = asElement(real, value);
    const limit = timeout === undefined ? NaN : Number(timeout);
    const slept = ask(Op.wait, real, element, 0, expected, site) ? yield : requests.got();
    if (slept === 0) return 'not-equal';
    const isFinite = !Number.isNaN(limit) && limit !== Infinity;
    const timedOut = ask(Op.wake, real, element, isFinite ? 1 : 0, 0, site) ? yield : requests.got();
    return timedOut === 0 ? 'ok' : 'timed-out';
  },
  notify: (view: View, index: number, count: number | undefined, site: number) => {
    const most = count === undefined ? Infinity : Math.max(0, Number.isNaN(Number(count)) ? 0 : Math.trunc(Number(count)));
    return ask(Op.notify, waitable(view, 'notify'), index, most, 0, site);
  },
  /** Whether `a[i]` is an element of a shared view; then it is read and written by the next two. Another one is reached where it stands, as an engine likes it. */
  isShared: (object: unknown, index: unknown): boolean => isNumeric(index) && isSharedView(object),
  read: (view: View, index: unknown, site: number): boolean => {
    if (isElementIn(view, Number(index))) return ask(Op.read, view, Number(index), 0, 0, site);
    got = undefined;
    return false;
  },
  write: (view: View, index: unknown, value: unknown, site: number): boolean => {
    if (isElementIn(view, Number(index))) return ask(Op.write, view, Number(index), typeof value === 'bigint' ? (value as unknown as number) : Number(value), 0, site);
    got = value; // out of range: JavaScript ignores it
    return false;
  },
  /** The value of a request, or the result of a call, that needed no yield. */
  got: (): number => got as number,
  /** A call of a rewritten operation. It runs as far as it gets by itself: mostly to its end, when a thread is run again. */
  calls: (callee: Coroutine): boolean => {
    const step = callee.next(0);
    if (step.done === true) {
      got = step.value;
      return false;
    }
    begun.push(callee);
    return true;
  },
  /** A call whose target is not known before it is made, by what it gave: a rewritten operation that has yet to run, or a value. */
  enters: (result: unknown): boolean => {
    if (isCoroutine(result)) return requests.calls(result);
    got = result;
    return false;
  },
  /** One more, for numbers and bigints. */
  more: (value: number | bigint) => (typeof value === 'bigint' ? value + 1n : value + 1),
  less: (value: number | bigint) => (typeof value === 'bigint' ? value - 1n : value - 1),
};

/** Asks for the invocation of a thread's next operation; disabled until `variable` (−1: none) is bound, resumed with its value. */
export const askInvoke = (variable: number, site: number): boolean => askOther(Op.invoke, variable, 0, site);

/** Asks for the return of the operation; binds `variable` (−1: none) to the response. */
export const askReturn = (variable: number, response: number, site: number): boolean => askOther(Op.return, variable, response, site);

/** Says that a thread can never go on (`stuck`) or that a part of its set-up, with this response, is over (`turn`). */
export const askMark = (op: typeof Op.stuck | typeof Op.turn, response = 0): boolean => askOther(op, 0, response, -1);

/** What is asked for without a cell. */
function askOther(op: number, variable: number, operand: number, site: number): boolean {
  if (hasSeen()) return false;
  pending.op = op;
  pending.view = undefined;
  pending.index = variable;
  pending.operand = operand;
  pending.site = site;
  return true;
}
