import { SubjectError } from './subject-error.ts';

/** Any integer view; values of 64-bit views are bigints, which the operations treat alike, so `number` stands for both. */
export type View = Int32Array;

/** The constructors of typed arrays, by name. */
const constructors = { Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, BigInt64Array, BigUint64Array, Float32Array, Float64Array };
type RealView = InstanceType<(typeof constructors)[keyof typeof constructors]>;

const isElementKey = (key: PropertyKey): boolean => typeof key === 'string' && String(Number(key)) === key;

/** Where in the subject the running code is, from the stack: rewritten code keeps its lines. */
function placeInSubject(): string {
  const frames = (new Error().stack ?? '').split('\n').slice(1);
  for (const frame of frames) {
    const place = /\(?((?:\/|[A-Za-z]:\\)[^()]*:\d+:\d+)\)?$/.exec(frame);
    if (place !== null && !frame.includes('file://') && !frame.includes(import.meta.filename)) return `${place[1] as string}: `;
  }
  return '';
}

function untraced(): never {
  throw new SubjectError(`${placeInSubject()}touches elements of a shared view where no access can be traced; use an index or Atomics, one element at a time, in a plain function`);
}

// The view asked for last: the check whether it is a traced one costs as much as all the rest of an access.
let lastGiven: View | TracedView | undefined;
let lastReal: View | undefined;

/**
 * A view of shared memory as the threads of a subject hold it: without elements. Rewritten code asks the engine for them; whatever else reaches
 * for one (a pattern, a method, a built-in, Reflect) meets {@link untraced}, and nothing is read or written unseen.
 */
export class TracedView {
  readonly #real: View;

  constructor(real: View) {
    this.#real = real;
  }

  /** Whether a value is one. Its prototype does not tell: that is the guard's. */
  static is(value: unknown): value is TracedView {
    return typeof value === 'object' && value !== null && #real in value;
  }

  /** The real view of a traced one, for the engine alone; anything else as it is. */
  static real(view: View | TracedView): View {
    if (view !== lastGiven) {
      lastGiven = view;
      lastReal = #real in view ? view.#real : view;
    }
    return lastReal as View;
  }

  get length(): number {
    return this.#real.length;
  }
  get buffer(): ArrayBufferLike {
    return this.#real.buffer;
  }
  get byteOffset(): number {
    return this.#real.byteOffset;
  }
  get byteLength(): number {
    return this.#real.byteLength;
  }
  get BYTES_PER_ELEMENT(): number {
    return this.#real.BYTES_PER_ELEMENT;
  }
  subarray(from?: number, to?: number): TracedView {
    return tracedView(this.#real.subarray(from, to));
  }
}

/** For each kind of view a class whose prototype lets nothing through that would touch elements, and is an instance of the kind. */
const classes = new Map<unknown, new (real: View) => TracedView>();

function tracedView(real: View): TracedView {
  let kind = classes.get(real.constructor);
  if (kind === undefined) {
    kind = class extends TracedView {};
    const own = Object.getOwnPropertyDescriptors(TracedView.prototype) as PropertyDescriptorMap;
    Object.defineProperties(kind.prototype, { ...own, constructor: { value: real.constructor } });
    Object.setPrototypeOf(kind.prototype, guardOf(real));
    classes.set(real.constructor, kind);
  }
  return new kind(real);
}

function guardOf(real: View): object {
  const prototype = Object.getPrototypeOf(real) as object;
  const touches = (key: PropertyKey): boolean =>
    isElementKey(key) || key === 'toString' || key === 'toLocaleString' || key === Symbol.iterator || (typeof key === 'string' && !Object.hasOwn(Object.prototype, key) && key in prototype);
  return new Proxy(Object.create(prototype) as object, {
    get: (_, key) => {
      if (touches(key)) return untraced();
      return key === Symbol.toStringTag ? real[Symbol.toStringTag] : (Reflect.get(Object.prototype, key) as unknown);
    },
    set: (_, key, value, receiver) => (isElementKey(key) ? untraced() : Reflect.defineProperty(receiver as object, key, { value, writable: true, enumerable: true, configurable: true })),
    has: (_, key) => (isElementKey(key) ? untraced() : key in prototype),
  });
}

/** A real view over shared memory as a thread may hold it. */
export const traced = (view: unknown): unknown => (isReal(view) && view.buffer instanceof SharedArrayBuffer ? tracedView(view as unknown as View) : view);

const isReal = (value: unknown): value is RealView => ArrayBuffer.isView(value) && !(value instanceof DataView);

/** What rewritten code finds under the names of the constructors: while threads are live, views of shared memory are traced ones. */
export function tracedConstructors(isLive: () => boolean): Record<string, unknown> {
  const wrap = <Real extends new (...parts: never[]) => object>(real: Real): Real => {
    // Every thread that is run again makes the views that it made before: the real one behind them is made once.
    let lastParts: readonly unknown[] = [];
    let last: object | undefined;
    const wrapped: Real = new Proxy(real, {
      construct: (target, parts: unknown[], newTarget) => {
        if (last !== undefined && newTarget === wrapped && isLive() && parts.length === lastParts.length && parts.every((part, at) => part === lastParts[at])) return traced(last) as object;
        if (isLive() && TracedView.is(parts[0])) return untraced();
        const made = Reflect.construct(target, parts, newTarget === wrapped ? target : newTarget) as object;
        if (!isLive()) return made;
        if (made instanceof DataView && made.buffer instanceof SharedArrayBuffer) return untraced();
        const given = traced(made) as object;
        if (given !== made && newTarget === wrapped) [lastParts, last] = [parts, made];
        return given;
      },
    });
    return wrapped;
  };
  return Object.fromEntries([...Object.entries(constructors), ['DataView', DataView] as const].map(([name, real]) => [name, wrap(real as new (...parts: never[]) => object)]));
}
