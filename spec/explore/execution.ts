import { isMemory, isWaiting, onlyReads, Op, pending, type Coroutine, type View } from './access.ts';
import { LookAhead, type Ahead, type Standing } from './look-ahead.ts';
import { Threads, ThreadState, type ExecutionLimits } from './threads.ts';
import { Past } from './past.ts';
import { perform } from './perform.ts';
import { crashedThread, unbound, waitsForNothing, type Program } from './program.ts';
import { Running } from './running.ts';
import { StaleReads } from './stale-reads.ts';
import { threadOf, writeOf } from './turn.ts';
import { NeverEnds, performAlone, roundsMax } from './waiting.ts';

export { ThreadState, type Crash, type ExecutionLimits } from './threads.ts';

/** A coroutine asked for something else than the last time it was resumed with the same values. */
export class Divergence extends Error {
  override readonly name = 'Divergence';
  readonly step: number;
  constructor(step: number, message: string) {
    super(message);
    this.step = step;
  }
}

/**
 * One execution of a program, event by event, that can go back: `rewind(depth)` undoes the memory and leaves a thread's coroutine stale
 * until it is needed, when it is run again on the values it saw.
 */
export class Execution extends Threads {
  readonly program: Program;
  /** Whether the threads last said to be enabled are so only because nobody could go on by itself. */
  releasing = false;

  /** By thread: own steps after which it crashes. */
  readonly #lifetime: Float64Array;
  readonly #coroutine: (Running | undefined)[] = [];
  readonly #staleReads: StaleReads | undefined;
  readonly #lookAhead: (LookAhead | undefined)[] = [];
  readonly #past: readonly Past[];
  #starting = true;
  /** The depth for which it is known who can be released, or −1. */
  #releasableAt = -1;
  #releasable = 0;
  /** Cells that were ever written, with a view to look through, for {@link image}. */
  readonly #written: { readonly view: View; readonly index: number }[] = [];
  readonly #everWritten = new Set<number>();

  constructor(program: Program, limits: ExecutionLimits) {
    const { threads } = program;
    super(threads, limits);
    this.program = program;
    this.#lifetime = new Float64Array(threads).fill(Infinity);
    this.#staleReads = limits.staleMost === undefined ? undefined : new StaleReads(this, this.order, limits.staleMost);
    this.#past = program.setup.map((values) => new Past(values));
    for (const { thread, steps } of limits.crashes ?? []) this.#lifetime[thread] = steps;
    for (let thread = 0; thread < threads; thread++) {
      const coroutine = this.#rebuilt(thread);
      if (this.state[thread] !== ThreadState.finished) this.#resume(thread, coroutine);
    }
    this.#starting = false;
  }

  /** Threads that can take their next step, as a bit set. */
  enabled(): number {
    this.releasing = false;
    const last = this.depth - 1;
    if (last >= 0 && this.runsOn[last] === 1 && this.#goesByItself(this.thread[last] as number)) return 1 << (this.thread[last] as number);
    let mask = 0;
    for (let thread = 0; thread < this.threads; thread++) if (this.#goesByItself(thread)) mask |= 1 << thread;
    this.releasing = mask === 0;
    return mask === 0 ? this.#released() : mask;
  }

  canStep(thread: number): boolean {
    return (this.enabled() & (1 << thread)) !== 0;
  }

  #goesByItself(thread: number): boolean {
    if (this.state[thread] === ThreadState.ready) return true;
    if (this.state[thread] !== ThreadState.waiting) return false;
    if (this.nextOp[thread] === Op.invoke) return this.#isBound(this.nextIndex[thread] as number);
    return this.waiting.canStep(thread);
  }

  /** Nobody can go on: those who wait, but not for ever, and get anywhere when they go on all the same. */
  #released(): number {
    if (this.#releasableAt === this.depth) return this.#releasable;
    this.#releasableAt = this.depth;
    this.#releasable = 0;
    for (let thread = 0; thread < this.threads; thread++) {
      if (this.state[thread] !== ThreadState.waiting || this.nextOp[thread] === Op.invoke || !this.waiting.canBeReleased(thread)) continue;
      if (this.#ahead(thread, this.#roundsMax).rounds >= 0) this.#releasable |= 1 << thread;
    }
    return this.#releasable;
  }

  get #roundsMax(): number {
    return this.limits.roundsMax ?? roundsMax;
  }

  /** What a thread that waits would do if it went on. */
  #ahead(thread: number, rounds: number): Ahead {
    const lookAhead = (this.#lookAhead[thread] ??= new LookAhead(this.cells, (list) => this.waiting.sleepers(list)));
    const given = (this.#past[thread] as Past).upTo(this.count[thread] as number);
    const standing: Standing = { given, site: this.nextSite[thread] as number, first: this.nextOp[thread] === Op.wake ? 1 : 0 };
    const known = lookAhead.known(standing, rounds);
    if (known !== undefined) return known;
    const coroutine = this.#coroutine[thread] ?? this.#rebuilt(thread);
    this.#coroutine[thread] = undefined;
    return lookAhead.look(coroutine, standing, rounds);
  }

  /** Whether every thread has run to its end, or crashed. */
  finished(): boolean {
    for (let thread = 0; thread < this.threads; thread++) {
      if (this.state[thread] !== ThreadState.finished && this.state[thread] !== ThreadState.crashed) return false;
    }
    return true;
  }

  /** Whether a thread that others ran after could not as well have gone on at once: its pending access depends on one of theirs. */
  hadToWait(thread: number): boolean {
    const last = this.last[thread] as number;
    return last < 0 || this.order.dependsSince(last, thread, this.nextOp[thread] as number, this.nextCell[thread] as number, this.wouldWrite(thread));
  }

  /** Whether hint reads may be stale. */
  get isWeak(): boolean {
    return this.#staleReads !== undefined;
  }

  /** The writes, by number, that the pending access of a thread may read besides the last. */
  staleWrites(thread: number): readonly number[] {
    if (this.nextOp[thread] !== Op.peek) return [];
    return this.#staleReads?.writes(thread, this.nextCell[thread] as number, this.nextSite[thread] as number) ?? [];
  }

  /** Performs the pending access of a thread as the turn says and runs the thread to its next one. */
  step(turn: number): void {
    const thread = threadOf(turn);
    const at = this.depth;
    const op = this.nextOp[thread] as number;
    const released = (op === Op.pause || op === Op.wake) && !this.waiting.canStep(thread) ? this.#ahead(thread, this.#roundsMax).rounds : -1;
    const coroutine = this.#coroutine[thread] ?? this.#rebuilt(thread);
    this.thread[at] = thread;
    this.op[at] = op;
    this.site[at] = this.nextSite[thread] as number;
    this.index[at] = this.nextIndex[thread] as number;
    this.operand[at] = this.nextOperand[thread] as number;
    this.expected[at] = this.nextExpected[thread] as number;
    this.view[at] = this.nextView[thread];
    this.watched[at] = undefined;
    this.released[at] = 0;
    this.rounds[at] = -1;
    this.runsOn[at] = 0;
    this.ordinal[at] = this.count[thread] as number;
    const cell = this.nextCell[thread] as number;
    this.cell[at] = cell;
    this.wrote[at] = 0;
    this.stale[at] = writeOf(turn);

    let result = 0;
    if (isMemory(op)) {
      result = this.#access(at, op);
      this.order.access(at, thread, cell);
    } else if (isWaiting(op)) {
      result = this.waiting.perform(at, thread, op, released);
    } else {
      result = this.#bind(at, op);
      this.order.edge(at, thread);
    }
    this.value[at] = result;
    (this.#past[thread] as Past).note(this.count[thread] as number, result);
    if (at > 0 && this.runsOn[at - 1] === 1 && this.thread[at - 1] === thread && this.waiting.runsOn(at)) this.runsOn[at] = 1;
    this.append(thread);
    this.#releasableAt = -1;
    if (this.count[thread] === this.#lifetime[thread]) {
      this.state[thread] = ThreadState.crashed;
      this.nextOp[thread] = Op.turn; // the dead sleep nowhere
      this.#coroutine[thread] = undefined;
    } else this.#resume(thread, coroutine, result);
  }

  /** Undoes all events from `depth` on. */
  rewind(depth: number): void {
    this.#releasableAt = -1;
    for (let at = this.depth - 1; at >= depth; at--) {
      const thread = this.thread[at] as number;
      const op = this.op[at] as number;
      const cell = this.cell[at] as number;
      this.order.undo(at, thread);
      if (isWaiting(op)) this.waiting.undo(at, thread);
      if (this.wrote[at] === 1 && isMemory(op)) (this.view[at] as View)[this.index[at] as number] = this.before[at] as number;
      if (op === Op.return && (this.index[at] as number) >= 0) this.program.variables[this.index[at] as number] = unbound;
      this.retract(thread);
      this.#coroutine[thread] = undefined;
      this.nextOp[thread] = op;
      this.nextCell[thread] = cell;
      this.nextSite[thread] = this.site[at] as number;
      this.nextIndex[thread] = this.index[at] as number;
      this.nextOperand[thread] = this.operand[at] as number;
      this.nextExpected[thread] = this.expected[at] as number;
      this.nextView[thread] = this.view[at];
      if (op === Op.pause || op === Op.wake) this.waiting.resumed(at, thread);
      this.state[thread] = op === Op.pause || op === Op.wake || (op === Op.invoke && (this.index[at] as number) !== waitsForNothing) ? ThreadState.waiting : ThreadState.ready;
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
        const { op, view, index } = pending;
        if (undo && view !== undefined && isMemory(op)) undos.push({ view, index, before: view[index] as number });
        const result = performAlone();
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
    const next = (this.#past[thread] as Past).repeat(coroutine, this.count[thread] as number);
    if (next === undefined || (next.done === true && !this.#starting)) throw new Divergence(this.depth, `thread ${thread} ended early when it was run again on the same values`);
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
      this.nextOp[thread] = Op.turn; // not what it did last: it sleeps nowhere
      return;
    }
    const { op } = pending;
    this.nextOp[thread] = op;
    this.nextSite[thread] = pending.site;
    this.nextIndex[thread] = pending.index;
    this.nextOperand[thread] = pending.operand;
    this.nextExpected[thread] = pending.expected;
    this.nextView[thread] = pending.view;
    if (isMemory(op)) {
      const cell = this.cells.cellOf(pending.view as View, pending.index);
      this.nextCell[thread] = cell;
      this.order.know(cell);
      this.state[thread] = ThreadState.ready;
    } else if (isWaiting(op)) {
      if (op !== Op.pause) {
        this.nextCell[thread] = this.cells.sleepersOf(this.cells.cellOf(pending.view as View, pending.index));
        this.order.know(this.nextCell[thread] as number);
      }
      const waits = op === Op.pause || op === Op.wake;
      if (waits) this.waiting.begins(thread, () => this.#ahead(thread, Math.floor(this.#roundsMax / 10)));
      this.state[thread] = waits ? ThreadState.waiting : ThreadState.ready;
    } else if (op === Op.stuck) {
      this.state[thread] = ThreadState.stuck;
    } else {
      this.state[thread] = op === Op.invoke && pending.index !== waitsForNothing ? ThreadState.waiting : ThreadState.ready;
    }
  }

  #access(at: number, op: number): number {
    const view = this.view[at] as View;
    const index = this.index[at] as number;
    const stale = this.stale[at] as number;
    if (stale >= 0) return this.#readStale(at, stale);
    const before = view[index] as number;
    const operand = this.operand[at] as number;
    const result = perform(op, view, index, operand, this.expected[at] as number);
    this.before[at] = before;
    this.after[at] = view[index] as number;
    this.wrote[at] = onlyReads(op) || (op === Op.compareExchange && before !== this.expected[at]) ? 0 : 1;
    if (this.wrote[at] === 1) this.#remember(this.cell[at] as number, view, index);
    return result;
  }

  #readStale(at: number, write: number): number {
    const positions = this.order.writesOf(this.cell[at] as number);
    const value = (write === 0 ? this.before[positions[0] as number] : this.after[positions[write - 1] as number]) as number;
    this.before[at] = value;
    this.after[at] = value;
    return value;
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
}
