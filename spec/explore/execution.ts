import { isMemory, onlyReads, Op, pending, type Coroutine, type View } from './access.ts';
import { Cells } from './cells.ts';
import { ConflictOrder } from './conflict-order.ts';
import { Events } from './events.ts';
import { Running } from './running.ts';
import { crashedThread, unbound, waitsForNothing, type Program } from './program.ts';

/** A coroutine asked for something else than the last time it was resumed with the same values. */
export class Divergence extends Error {
  override readonly name = 'Divergence';
  readonly step: number;
  constructor(step: number, message: string) {
    super(message);
    this.step = step;
  }
}

/** Something that ran alone did not end. */
export class NeverEnds extends Error {
  override readonly name = 'NeverEnds';
}

export const ThreadState = { ready: 0, waiting: 1, finished: 2, stuck: 3, crashed: 4 } as const;

/** A thread that takes `steps` own steps and then no other. A crash writes nothing, so it is nothing else than this. */
export interface Crash {
  readonly thread: number;
  readonly steps: number;
}

export interface ExecutionLimits {
  /** Events of one execution; beyond, it is incomplete. */
  readonly stepsMax: number;
  /** Whether a return and another thread's invocation are dependent. Off only to show what that would hide. */
  readonly intervals: boolean;
  readonly crashes?: readonly Crash[];
}

/**
 * One execution of a program, event by event, that can go back: `rewind(depth)` undoes the memory and leaves a thread's coroutine stale
 * until it is needed, when it is run again on the values it saw.
 */
export class Execution extends Events {
  readonly program: Program;
  readonly limits: ExecutionLimits;
  readonly cells = new Cells();
  readonly order: ConflictOrder;

  /** By thread: its state and its pending access. */
  readonly state: Uint8Array;
  readonly nextOp: Uint8Array;
  readonly nextCell: Int32Array;
  readonly nextSite: Int32Array;
  readonly #nextIndex: Int32Array;
  readonly #nextOperand: number[] = [];
  readonly #nextExpected: number[] = [];
  readonly #nextView: (View | undefined)[] = [];
  readonly #nextWatched: (readonly number[] | undefined)[] = [];
  readonly #coroutine: (Running | undefined)[] = [];
  /** By thread: own steps after which it crashes. */
  readonly #lifetime: Float64Array;
  #starting = true;
  /** Cells that were ever written, with a view to look through, for {@link image}. */
  readonly #written: { readonly view: View; readonly index: number }[] = [];
  readonly #everWritten = new Set<number>();

  constructor(program: Program, limits: ExecutionLimits) {
    const { threads } = program;
    super(threads, limits.stepsMax);
    this.program = program;
    this.limits = limits;
    this.order = new ConflictOrder(this, limits.intervals);
    this.state = new Uint8Array(threads);
    this.nextOp = new Uint8Array(threads);
    this.nextCell = new Int32Array(threads);
    this.nextSite = new Int32Array(threads);
    this.#nextIndex = new Int32Array(threads);
    this.#lifetime = new Float64Array(threads).fill(Infinity);
    for (const { thread, steps } of limits.crashes ?? []) this.#lifetime[thread] = steps;
    for (let thread = 0; thread < threads; thread++) {
      const coroutine = this.#rebuilt(thread);
      if (this.state[thread] !== ThreadState.finished) this.#resume(thread, coroutine);
    }
    this.#starting = false;
  }

  /** Threads that can take their next step, as a bit set. */
  enabled(): number {
    let mask = 0;
    for (let thread = 0; thread < this.threads; thread++) if (this.canStep(thread)) mask |= 1 << thread;
    return mask;
  }

  canStep(thread: number): boolean {
    if (this.state[thread] === ThreadState.ready) return true;
    if (this.state[thread] !== ThreadState.waiting) return false;
    if (this.nextOp[thread] === Op.invoke) return this.#isBound(this.#nextIndex[thread] as number);
    return this.order.isAwake(thread, this.#nextWatched[thread] as readonly number[]);
  }

  /** Whether every thread has run to its end, or crashed. */
  finished(): boolean {
    for (let thread = 0; thread < this.threads; thread++) {
      if (this.state[thread] !== ThreadState.finished && this.state[thread] !== ThreadState.crashed) return false;
    }
    return true;
  }

  /** Whether the pending accesses of two threads depend on each other in the present state. */
  pendingDependent(a: number, b: number): boolean {
    const opA = this.nextOp[a] as number;
    const opB = this.nextOp[b] as number;
    if (isMemory(opA) && isMemory(opB)) {
      return this.nextCell[a] === this.nextCell[b] && (this.#wouldWrite(a) || this.#wouldWrite(b));
    }
    if (opA === Op.pause && isMemory(opB)) return this.#watches(a, b);
    if (opB === Op.pause && isMemory(opA)) return this.#watches(b, a);
    return this.limits.intervals && ((opA === Op.invoke && opB === Op.return) || (opA === Op.return && opB === Op.invoke));
  }

  /** Whether to switch away from a thread is a preemption: it could go on, and does not stand where it may have to wait. */
  isPreemptible(thread: number): boolean {
    return this.state[thread] === ThreadState.ready;
  }

  /** Whether a thread that others ran after could not as well have gone on at once: its pending access depends on one of theirs. */
  hadToWait(thread: number): boolean {
    const last = this.last[thread] as number;
    return last < 0 || this.order.dependsSince(last, thread, this.nextOp[thread] as number, this.nextCell[thread] as number, this.#wouldWrite(thread));
  }

  /** Performs the pending access of a thread and runs the thread to its next one. */
  step(thread: number): void {
    const at = this.depth;
    const op = this.nextOp[thread] as number;
    const coroutine = this.#coroutine[thread] ?? this.#rebuilt(thread);
    this.thread[at] = thread;
    this.op[at] = op;
    this.site[at] = this.nextSite[thread] as number;
    this.index[at] = this.#nextIndex[thread] as number;
    this.operand[at] = this.#nextOperand[thread] as number;
    this.expected[at] = this.#nextExpected[thread] as number;
    this.view[at] = this.#nextView[thread];
    this.watched[at] = op === Op.pause ? this.#nextWatched[thread] : undefined;
    this.ordinal[at] = this.count[thread] as number;
    const cell = this.nextCell[thread] as number;
    this.cell[at] = cell;
    this.wrote[at] = 0;

    let result = 0;
    if (isMemory(op)) {
      result = this.#access(at, op);
      this.order.access(at, thread, cell);
    } else if (op === Op.pause) {
      this.order.pause(at, thread);
    } else {
      result = this.#bind(at, op);
      this.order.edge(at, thread);
    }
    this.value[at] = result;
    this.append(thread);
    if (this.count[thread] === this.#lifetime[thread]) {
      this.state[thread] = ThreadState.crashed;
      this.#coroutine[thread] = undefined;
    } else this.#resume(thread, coroutine, result);
  }

  /** Undoes all events from `depth` on. */
  rewind(depth: number): void {
    for (let at = this.depth - 1; at >= depth; at--) {
      const thread = this.thread[at] as number;
      const op = this.op[at] as number;
      const cell = this.cell[at] as number;
      this.order.undo(at, thread);
      if (this.wrote[at] === 1) (this.view[at] as View)[this.index[at] as number] = this.before[at] as number;
      if (op === Op.return && (this.index[at] as number) >= 0) this.program.variables[this.index[at] as number] = unbound;
      this.retract(thread);
      this.#coroutine[thread] = undefined;
      this.nextOp[thread] = op;
      this.nextCell[thread] = cell;
      this.nextSite[thread] = this.site[at] as number;
      this.#nextIndex[thread] = this.index[at] as number;
      this.#nextOperand[thread] = this.operand[at] as number;
      this.#nextExpected[thread] = this.expected[at] as number;
      this.#nextView[thread] = this.view[at];
      this.#nextWatched[thread] = this.watched[at];
      this.state[thread] = op === Op.pause || (op === Op.invoke && (this.index[at] as number) !== waitsForNothing) ? ThreadState.waiting : ThreadState.ready;
    }
  }

  /** Runs a coroutine to its end with nobody beside it, and gives its result; memory is restored afterwards if `undo`. */
  alone<Result>(coroutine: Coroutine<Result>, undo: boolean, observer?: (op: number, value: number) => void): Result {
    const undos: { view: View; index: number; before: number }[] = [];
    try {
      const running = new Running(coroutine);
      let next = running.next(0);
      for (let steps = 0; next.done !== true; steps++) {
        if (steps > this.limits.stepsMax * 10) throw new NeverEnds(`does not end: ${steps} accesses with nobody beside it`);
        const { op, view, index, operand, expected } = pending;
        let result = 0;
        if (view !== undefined && isMemory(op)) {
          const before = view[index] as number;
          result = perform(op, view, index, operand, expected);
          if (undo) undos.push({ view, index, before });
        }
        observer?.(op, result);
        next = running.next(result);
      }
      return next.value;
    } finally {
      for (let at = undos.length - 1; at >= 0; at--) {
        const { view, index, before } = undos[at] as (typeof undos)[number];
        view[index] = before;
      }
    }
  }

  /** The memory as text: equal for equal contents of every cell that any execution so far has written. */
  image(): string {
    let image = '';
    for (const { view, index } of this.#written) {
      const value = view[index] as number;
      image += typeof value === 'number' ? String.fromCharCode(value & 0xffff, value >>> 16) : `${String(value)};`;
    }
    return image;
  }

  /** Its coroutine, or what it closes over, was used for something else: it will be run again from its start. */
  spoil(thread: number): void {
    this.#coroutine[thread] = undefined;
  }

  #rebuilt(thread: number): Running {
    const coroutine = new Running(this.program.start(thread));
    let next = coroutine.next(0);
    for (const value of this.program.setup[thread] as readonly number[]) next = coroutine.next(value);
    const count = this.count[thread] as number;
    for (let k = 0; k < count; k++) next = coroutine.next(this.value[this.position(thread, k)] as number);
    if (next.done === true) {
      this.state[thread] = ThreadState.finished;
      return coroutine;
    }
    if (!this.#starting && (pending.op !== this.nextOp[thread] || pending.site !== this.nextSite[thread])) {
      throw new Divergence(this.depth, `thread ${thread} asked for something else when it was run again on the same values`);
    }
    this.#coroutine[thread] = coroutine;
    return coroutine;
  }

  /** Takes over what the coroutine asks for; with a value, resumes it first. */
  #resume(thread: number, coroutine: Running, value?: number): void {
    if (value !== undefined && coroutine.next(value).done === true) {
      this.state[thread] = ThreadState.finished;
      return;
    }
    const { op } = pending;
    this.nextOp[thread] = op;
    this.nextSite[thread] = pending.site;
    this.#nextIndex[thread] = pending.index;
    this.#nextOperand[thread] = pending.operand;
    this.#nextExpected[thread] = pending.expected;
    this.#nextView[thread] = pending.view;
    if (isMemory(op)) {
      const cell = this.cells.cellOf(pending.view as View, pending.index);
      this.nextCell[thread] = cell;
      this.order.know(cell);
      this.state[thread] = ThreadState.ready;
    } else if (op === Op.pause) {
      this.#nextWatched[thread] = this.#readSincePause(thread);
      this.state[thread] = ThreadState.waiting;
    } else if (op === Op.stuck) {
      this.state[thread] = ThreadState.stuck;
    } else {
      this.state[thread] = op === Op.invoke && pending.index !== waitsForNothing ? ThreadState.waiting : ThreadState.ready;
    }
  }

  #access(at: number, op: number): number {
    const view = this.view[at] as View;
    const index = this.index[at] as number;
    const before = view[index] as number;
    const operand = this.operand[at] as number;
    const result = perform(op, view, index, operand, this.expected[at] as number);
    this.before[at] = before;
    this.after[at] = view[index] as number;
    this.wrote[at] = onlyReads(op) || (op === Op.compareExchange && before !== this.expected[at]) ? 0 : 1;
    if (this.wrote[at] === 1) this.#remember(this.cell[at] as number, view, index);
    return result;
  }

  #remember(cell: number, view: View, index: number): void {
    if (!this.order.isUnwritten(cell) || this.#everWritten.has(cell)) return;
    this.#everWritten.add(cell);
    this.#written.push({ view, index });
  }

  /** An invocation takes the value of its variable, a return gives one to its own. */
  #bind(at: number, op: number): number {
    const variable = this.index[at] as number;
    if (op === Op.invoke) return variable < 0 ? 0 : (this.program.variables[variable] as number);
    const response = this.operand[at] as number;
    if (variable >= 0) this.program.variables[variable] = response;
    return response;
  }

  /** Whether what an invocation waits for is there: the value of a variable, or the crash of a thread. */
  #isBound(variable: number): boolean {
    if (variable < waitsForNothing) return this.state[crashedThread(variable)] === ThreadState.crashed;
    return this.program.variables[variable] !== unbound;
  }

  #wouldWrite(thread: number): boolean {
    const op = this.nextOp[thread] as number;
    if (onlyReads(op)) return false;
    if (op !== Op.compareExchange) return isMemory(op);
    return (this.#nextView[thread] as View)[this.#nextIndex[thread] as number] === this.#nextExpected[thread];
  }

  #watches(waiting: number, writing: number): boolean {
    return this.#wouldWrite(writing) && (this.#nextWatched[waiting] as readonly number[]).includes(this.nextCell[writing] as number);
  }

  /** Cells that the thread has read since its last pause or invocation. */
  #readSincePause(thread: number): number[] {
    const cells = new Set<number>();
    for (let k = (this.count[thread] as number) - 1; k >= 0; k--) {
      const at = this.position(thread, k);
      const op = this.op[at] as number;
      if (op === Op.pause || op === Op.invoke) break;
      if (isMemory(op) && op !== Op.store && op !== Op.write && op !== Op.poke) cells.add(this.cell[at] as number);
    }
    return [...cells];
  }

}

/** One atomic step on a view, by the only thread that really runs; gives what the operation returns. */
export function perform(op: number, view: View, index: number, operand: number, expected: number): number {
  const before = view[index] as number;
  switch (op) {
    case Op.load:
    case Op.read:
    case Op.peek:
      return before;
    case Op.store:
    case Op.write:
    case Op.poke:
      view[index] = operand;
      return operand;
    case Op.add:
      view[index] = before + operand;
      return before;
    case Op.sub:
      view[index] = before - operand;
      return before;
    case Op.and:
      view[index] = before & operand;
      return before;
    case Op.or:
      view[index] = before | operand;
      return before;
    case Op.xor:
      view[index] = before ^ operand;
      return before;
    case Op.exchange:
      view[index] = operand;
      return before;
    case Op.compareExchange:
      if (before === expected) view[index] = operand;
      return before;
    default:
      throw new Error(`operation ${op} touches no memory`);
  }
}
