import { isMemory, onlyReads, Op, pending, type Coroutine, type View } from './access.ts';
import { Cells } from './cells.ts';
import { unbound, type Program } from './program.ts';

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

export const ThreadState = { ready: 0, waiting: 1, finished: 2, stuck: 3 } as const;

export interface ExecutionLimits {
  /** Events of one execution; beyond, it is incomplete. */
  readonly stepsMax: number;
  /** Whether a return and another thread's invocation are dependent. Off only to show what that would hide. */
  readonly intervals: boolean;
}

/**
 * One execution of a program, event by event, that can go back: `rewind(depth)` undoes the memory and leaves a thread's coroutine stale
 * until it is needed, when it is run again on the values it saw. Events are kept as columns, for speed; the conflict clock of an event
 * counts, per thread, the events that happen before it (dependent: same thread, or same cell and one writes, or a return and another
 * thread's invocation).
 */
export class Execution {
  readonly program: Program;
  readonly threads: number;
  readonly limits: ExecutionLimits;
  readonly cells = new Cells();

  /** Events so far. */
  depth = 0;
  readonly thread: Uint8Array;
  readonly op: Uint8Array;
  readonly cell: Int32Array;
  readonly site: Int32Array;
  /** 1 where the event wrote its cell. */
  readonly wrote: Uint8Array;
  /** Number of the event within its thread. */
  readonly ordinal: Int32Array;
  readonly clock: Int32Array;
  readonly index: Int32Array;
  readonly operand: number[] = [];
  readonly expected: number[] = [];
  readonly before: number[] = [];
  readonly after: number[] = [];
  /** What the thread was resumed with. */
  readonly value: number[] = [];
  readonly view: (View | undefined)[] = [];
  /** Cells that a pause waited for. */
  readonly watched: (readonly number[] | undefined)[] = [];
  /** Undo: last write of the cell, last read of the cell by the thread (or last invocation/return of the thread) before the event. */
  readonly #writeBefore: Int32Array;
  readonly #readBefore: Int32Array;

  /** Position of the last write of a cell, −1 for none. */
  #lastWrite = new Int32Array(256).fill(-1);
  /** Position of the last read of a cell by a thread. */
  #lastRead: Int32Array;
  readonly #lastInvoke: Int32Array;
  readonly #lastReturn: Int32Array;

  /** By thread: events so far, position of its last, state, and its pending access. */
  readonly count: Int32Array;
  readonly last: Int32Array;
  readonly state: Uint8Array;
  readonly nextOp: Uint8Array;
  readonly nextCell: Int32Array;
  readonly nextSite: Int32Array;
  readonly #nextIndex: Int32Array;
  readonly #nextOperand: number[] = [];
  readonly #nextExpected: number[] = [];
  readonly #nextView: (View | undefined)[] = [];
  readonly #nextWatched: (number[] | undefined)[] = [];
  readonly #coroutine: (Coroutine | undefined)[] = [];
  /** Position of the k-th event of a thread: thread × stepsMax + k. */
  readonly #position: Int32Array;

  /** Immediate races of the event just performed: positions that it does not happen after by any other way. */
  readonly races: Int32Array;
  raceCount = 0;
  readonly #candidates: Int32Array;
  #starting = true;
  /** Cells that were ever written, with a view to look through, for {@link image}. */
  readonly #written: { readonly view: View; readonly index: number }[] = [];
  readonly #everWritten = new Set<number>();

  constructor(program: Program, limits: ExecutionLimits) {
    const { threads } = program;
    const { stepsMax } = limits;
    this.program = program;
    this.threads = threads;
    this.limits = limits;
    this.thread = new Uint8Array(stepsMax);
    this.op = new Uint8Array(stepsMax);
    this.cell = new Int32Array(stepsMax);
    this.site = new Int32Array(stepsMax);
    this.wrote = new Uint8Array(stepsMax);
    this.ordinal = new Int32Array(stepsMax);
    this.clock = new Int32Array(stepsMax * threads);
    this.index = new Int32Array(stepsMax);
    this.#writeBefore = new Int32Array(stepsMax);
    this.#readBefore = new Int32Array(stepsMax);
    this.#lastRead = new Int32Array(256 * threads).fill(-1);
    this.#lastInvoke = new Int32Array(threads).fill(-1);
    this.#lastReturn = new Int32Array(threads).fill(-1);
    this.count = new Int32Array(threads);
    this.last = new Int32Array(threads).fill(-1);
    this.state = new Uint8Array(threads);
    this.nextOp = new Uint8Array(threads);
    this.nextCell = new Int32Array(threads);
    this.nextSite = new Int32Array(threads);
    this.#nextIndex = new Int32Array(threads);
    this.#position = new Int32Array(threads * stepsMax);
    this.races = new Int32Array(threads + 1);
    this.#candidates = new Int32Array(threads + 1);
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
    if (this.nextOp[thread] === Op.invoke) return this.program.variables[this.#nextIndex[thread] as number] !== unbound;
    return this.#awakened(thread);
  }

  /** Whether every thread has run to its end. */
  finished(): boolean {
    for (let thread = 0; thread < this.threads; thread++) if (this.state[thread] !== ThreadState.finished) return false;
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

  /** Whether the event at `position` happens before the one at `later`. */
  happensBefore(position: number, later: number): boolean {
    return (this.clock[later * this.threads + (this.thread[position] as number)] as number) > (this.ordinal[position] as number);
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
    this.watched[at] = undefined;
    this.ordinal[at] = this.count[thread] as number;
    const cell = this.nextCell[thread] as number;
    this.cell[at] = cell;
    this.wrote[at] = 0;

    let result: number;
    if (isMemory(op)) {
      result = this.#access(at, op);
      this.#orderAccess(at, thread, cell);
    } else if (op === Op.pause) {
      result = 0;
      this.#orderPause(at, thread);
    } else if (op === Op.invoke) {
      const variable = this.index[at] as number;
      result = variable < 0 ? 0 : (this.program.variables[variable] as number);
      this.#orderEdge(at, thread, this.#lastInvoke, this.#lastReturn);
    } else {
      const variable = this.index[at] as number;
      result = this.operand[at] as number;
      if (variable >= 0) this.program.variables[variable] = result;
      this.#orderEdge(at, thread, this.#lastReturn, this.#lastInvoke);
    }
    this.value[at] = result;
    this.#position[thread * this.limits.stepsMax + (this.count[thread] as number)] = at;
    this.count[thread] = (this.count[thread] as number) + 1;
    this.last[thread] = at;
    this.depth = at + 1;
    this.#resume(thread, coroutine, result);
  }

  /** Undoes all events from `depth` on. */
  rewind(depth: number): void {
    for (let at = this.depth - 1; at >= depth; at--) {
      const thread = this.thread[at] as number;
      const op = this.op[at] as number;
      const cell = this.cell[at] as number;
      if (isMemory(op)) {
        if (this.wrote[at] === 1) {
          (this.view[at] as View)[this.index[at] as number] = this.before[at] as number;
          this.#lastWrite[cell] = this.#writeBefore[at] as number;
        } else {
          this.#lastRead[cell * this.threads + thread] = this.#readBefore[at] as number;
        }
      } else if (op === Op.pause) {
        this.#unorderPause(at, thread);
      } else {
        (op === Op.invoke ? this.#lastInvoke : this.#lastReturn)[thread] = this.#readBefore[at] as number;
        if (op === Op.return && (this.index[at] as number) >= 0) this.program.variables[this.index[at] as number] = unbound;
      }
      const count = (this.count[thread] as number) - 1;
      this.count[thread] = count;
      this.last[thread] = count === 0 ? -1 : (this.#position[thread * this.limits.stepsMax + count - 1] as number);
      this.#coroutine[thread] = undefined;
      this.nextOp[thread] = op;
      this.nextCell[thread] = cell;
      this.nextSite[thread] = this.site[at] as number;
      this.#nextIndex[thread] = this.index[at] as number;
      this.#nextOperand[thread] = this.operand[at] as number;
      this.#nextExpected[thread] = this.expected[at] as number;
      this.#nextView[thread] = this.view[at];
      this.#nextWatched[thread] = this.watched[at] as number[] | undefined;
      this.state[thread] = op === Op.pause || (op === Op.invoke && (this.index[at] as number) >= 0) ? ThreadState.waiting : ThreadState.ready;
    }
    this.depth = Math.min(this.depth, depth);
  }

  /** Runs a coroutine to its end with nobody beside it, and gives its result; memory is restored afterwards if `undo`. */
  alone<Result>(coroutine: Coroutine<Result>, undo: boolean, observer?: (op: number, value: number) => void): Result {
    const undos: { view: View; index: number; before: number }[] = [];
    try {
      let next = coroutine.next(0);
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
        next = coroutine.next(result);
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

  #rebuilt(thread: number): Coroutine {
    const coroutine = this.program.start(thread);
    let next = coroutine.next(0);
    for (const value of this.program.setup[thread] as readonly number[]) next = coroutine.next(value);
    const count = this.count[thread] as number;
    for (let k = 0; k < count; k++) next = coroutine.next(this.value[this.#position[thread * this.limits.stepsMax + k] as number] as number);
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
  #resume(thread: number, coroutine: Coroutine, value?: number): void {
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
      if (cell >= this.#lastWrite.length) this.#grow(cell);
      this.state[thread] = ThreadState.ready;
    } else if (op === Op.pause) {
      this.#nextWatched[thread] = this.#readSincePause(thread);
      this.state[thread] = ThreadState.waiting;
    } else if (op === Op.stuck) {
      this.state[thread] = ThreadState.stuck;
    } else {
      this.state[thread] = op === Op.invoke && pending.index >= 0 ? ThreadState.waiting : ThreadState.ready;
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
    return result;
  }

  /** Clock and races of a memory access. */
  #orderAccess(at: number, thread: number, cell: number): void {
    const { threads } = this;
    const write = this.#lastWrite[cell] as number;
    let candidates = 0;
    if (write >= 0 && this.thread[write] !== thread) this.#candidates[candidates++] = write;
    if (this.wrote[at] === 1) {
      for (let other = 0; other < threads; other++) {
        const read = this.#lastRead[cell * threads + other] as number;
        if (other !== thread && read > write) this.#candidates[candidates++] = read;
      }
      this.#writeBefore[at] = write;
      this.#lastWrite[cell] = at;
      if (write < 0 && !this.#everWritten.has(cell)) {
        this.#everWritten.add(cell);
        this.#written.push({ view: this.view[at] as View, index: this.index[at] as number });
      }
    } else {
      this.#readBefore[at] = this.#lastRead[cell * threads + thread] as number;
      this.#lastRead[cell * threads + thread] = at;
    }
    this.#order(at, thread, candidates);
  }

  /** A pause reads every cell that it waits for. */
  #orderPause(at: number, thread: number): void {
    const { threads } = this;
    const watched = this.#nextWatched[thread] as number[];
    this.watched[at] = watched;
    let candidates = 0;
    for (let other = 0; other < threads; other++) {
      if (other === thread) continue;
      let latest = -1;
      for (const cell of watched) {
        const write = this.#lastWrite[cell] as number;
        if (write > latest && this.thread[write] === other) latest = write;
      }
      if (latest >= 0) this.#candidates[candidates++] = latest;
    }
    for (const cell of watched) this.#lastRead[cell * threads + thread] = at;
    this.#order(at, thread, candidates);
  }

  #unorderPause(at: number, thread: number): void {
    for (const cell of this.watched[at] as readonly number[]) {
      let read = -1;
      for (let k = (this.count[thread] as number) - 2; k >= 0 && read < 0; k--) {
        const earlier = this.#position[thread * this.limits.stepsMax + k] as number;
        const same = this.cell[earlier] === cell && isMemory(this.op[earlier] as number) && this.wrote[earlier] === 0;
        if (same || this.watched[earlier]?.includes(cell) === true) read = earlier;
      }
      this.#lastRead[cell * this.threads + thread] = read;
    }
  }

  #orderEdge(at: number, thread: number, mine: Int32Array, theirs: Int32Array): void {
    this.#readBefore[at] = mine[thread] as number;
    mine[thread] = at;
    let candidates = 0;
    const variable = this.index[at] as number;
    for (let other = 0; other < this.threads; other++) {
      const edge = theirs[other] as number;
      if (other === thread || edge < 0) continue;
      // Without intervals a hand-over still orders: the invocation follows the return that bound its variable.
      if (this.limits.intervals || (this.op[at] === Op.invoke && variable >= 0 && this.#boundBy(variable, other))) {
        this.#candidates[candidates++] = edge;
      }
    }
    this.#order(at, thread, candidates);
  }

  #boundBy(variable: number, thread: number): boolean {
    for (let k = 0; k < (this.count[thread] as number); k++) {
      const at = this.#position[thread * this.limits.stepsMax + k] as number;
      if (this.op[at] === Op.return && this.index[at] === variable) return true;
    }
    return false;
  }

  /** Joins the clocks of the candidates into the event's and keeps as races those that are ordered by nothing else. */
  #order(at: number, thread: number, candidates: number): void {
    const { threads, clock } = this;
    const base = at * threads;
    const previous = this.last[thread] as number;
    if (previous < 0) clock.fill(0, base, base + threads);
    else for (let t = 0; t < threads; t++) clock[base + t] = clock[previous * threads + t] as number;
    this.raceCount = 0;
    for (let i = 0; i < candidates; i++) {
      const candidate = this.#candidates[i] as number;
      if ((clock[base + (this.thread[candidate] as number)] as number) > (this.ordinal[candidate] as number)) continue;
      let immediate = true;
      for (let j = 0; j < candidates && immediate; j++) {
        if (j !== i && this.happensBefore(candidate, this.#candidates[j] as number)) immediate = false;
      }
      if (immediate) this.races[this.raceCount++] = candidate;
    }
    for (let i = 0; i < candidates; i++) {
      const from = (this.#candidates[i] as number) * threads;
      for (let t = 0; t < threads; t++) {
        const count = clock[from + t] as number;
        if (count > (clock[base + t] as number)) clock[base + t] = count;
      }
    }
    clock[base + thread] = (this.ordinal[at] as number) + 1;
  }

  #wouldWrite(thread: number): boolean {
    const op = this.nextOp[thread] as number;
    if (onlyReads(op)) return false;
    if (op !== Op.compareExchange) return true;
    return (this.#nextView[thread] as View)[this.#nextIndex[thread] as number] === this.#nextExpected[thread];
  }

  #watches(waiting: number, writing: number): boolean {
    return this.#wouldWrite(writing) && (this.#nextWatched[waiting] as number[]).includes(this.nextCell[writing] as number);
  }

  /** Cells that the thread has read since its last pause or invocation. */
  #readSincePause(thread: number): number[] {
    const cells = new Set<number>();
    for (let k = (this.count[thread] as number) - 1; k >= 0; k--) {
      const at = this.#position[thread * this.limits.stepsMax + k] as number;
      const op = this.op[at] as number;
      if (op === Op.pause || op === Op.invoke) break;
      if (isMemory(op) && op !== Op.store && op !== Op.write && op !== Op.poke) cells.add(this.cell[at] as number);
    }
    return [...cells];
  }

  /** Whether a cell that a paused thread has read was written since by somebody else. */
  #awakened(thread: number): boolean {
    const watched = this.#nextWatched[thread] as number[];
    for (let k = (this.count[thread] as number) - 1; k >= 0; k--) {
      const at = this.#position[thread * this.limits.stepsMax + k] as number;
      const op = this.op[at] as number;
      if (op === Op.pause || op === Op.invoke) return false;
      const cell = this.cell[at] as number;
      if (!isMemory(op) || !watched.includes(cell)) continue;
      let write = this.#lastWrite[cell] as number;
      while (write > at && this.thread[write] === thread) write = this.#writeBefore[write] as number;
      if (write > at) return true;
    }
    return false;
  }

  #grow(cell: number): void {
    const size = Math.max(cell + 1, this.#lastWrite.length * 2);
    const writes = new Int32Array(size).fill(-1);
    writes.set(this.#lastWrite);
    this.#lastWrite = writes;
    const reads = new Int32Array(size * this.threads).fill(-1);
    reads.set(this.#lastRead);
    this.#lastRead = reads;
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
