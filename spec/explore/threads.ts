import { isMemory, isWaiting, onlyReads, Op, type View } from './access.ts';
import { Cells } from './cells.ts';
import { ConflictOrder } from './conflict-order.ts';
import { Events } from './events.ts';
import { Waiting } from './waiting.ts';

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
  /** Times that a thread may read an older write at one place; left out: hints give what was written last. */
  readonly staleMost?: number;
  /** Rounds that a thread may wait with nobody else able to go on and nothing changing, before it is said to wait for ever; left out: {@link roundsMax}. */
  readonly roundsMax?: number;
}

/** What the threads of an execution ask for next, and which of that depends on which. */
export class Threads extends Events {
  readonly limits: ExecutionLimits;
  readonly cells = new Cells();
  readonly order: ConflictOrder;
  readonly waiting: Waiting;
  /** By thread: its state and its pending access. */
  readonly state: Uint8Array;
  readonly nextOp: Uint8Array;
  readonly nextCell: Int32Array;
  readonly nextSite: Int32Array;
  protected readonly nextIndex: Int32Array;
  protected readonly nextOperand: number[] = [];
  protected readonly nextExpected: number[] = [];
  protected readonly nextView: (View | undefined)[] = [];

  constructor(threads: number, limits: ExecutionLimits) {
    super(threads, limits.stepsMax);
    this.limits = limits;
    this.order = new ConflictOrder(this, limits.intervals);
    this.state = new Uint8Array(threads);
    this.nextOp = new Uint8Array(threads);
    this.nextCell = new Int32Array(threads);
    this.nextSite = new Int32Array(threads);
    this.nextIndex = new Int32Array(threads);
    this.waiting = new Waiting(this, this.order, this.cells, { nextOp: this.nextOp, nextCell: this.nextCell, nextOperand: this.nextOperand });
  }

  /** Whether the pending accesses of two threads depend on each other in the present state. */
  pendingDependent(a: number, b: number): boolean {
    const opA = this.nextOp[a] as number;
    const opB = this.nextOp[b] as number;
    if (isMemory(opA) && isMemory(opB)) {
      return this.nextCell[a] === this.nextCell[b] && (this.wouldWrite(a) || this.wouldWrite(b));
    }
    if (isWaiting(opA) || isWaiting(opB)) return this.#clash(a, b);
    return this.limits.intervals && ((opA === Op.invoke && opB === Op.return) || (opA === Op.return && opB === Op.invoke));
  }

  /** Whether to switch away from a thread is a preemption: it could go on, and does not stand where it may have to wait. */
  isPreemptible(thread: number): boolean {
    return this.state[thread] === ThreadState.ready;
  }

  /** Whether the next step of a thread, if it can take one, is that its wait times out. */
  timesOut(thread: number): boolean {
    return this.nextOp[thread] === Op.wake && (this.waiting.wokenBy[thread] as number) < 0;
  }

  /** Whether the pending access of a thread would write. */
  protected wouldWrite(thread: number): boolean {
    const op = this.nextOp[thread] as number;
    if (onlyReads(op)) return false;
    return op === Op.compareExchange ? this.#seesExpected(thread) : isMemory(op);
  }

  /** Whether two pending events, one of them about waiting, depend on each other. */
  #clash(a: number, b: number): boolean {
    // Who goes on only because nobody else could depends on everything.
    if (this.isReleased(a) || this.isReleased(b)) return true;
    const reads = (one: number, other: number): boolean => {
      const cell = this.#changes(other);
      return cell >= 0 && (cell === this.#changes(one) || this.#reads(one).includes(cell));
    };
    return reads(a, b) || reads(b, a);
  }

  isReleased(thread: number): boolean {
    return (this.nextOp[thread] === Op.pause || this.nextOp[thread] === Op.wake) && !this.waiting.canStep(thread);
  }

  /** The cell that the pending event of a thread would write, or −1. */
  #changes(thread: number): number {
    const op = this.nextOp[thread] as number;
    const cell = this.nextCell[thread] as number;
    if (isMemory(op)) return this.wouldWrite(thread) ? cell : -1;
    if (op === Op.wait) return cell;
    if (op === Op.wake) return this.timesOut(thread) ? cell : -1;
    return op === Op.notify && this.waiting.sleepers(cell).length > 0 ? cell : -1;
  }

  #reads(thread: number): readonly number[] {
    const op = this.nextOp[thread] as number;
    if (isMemory(op) || op === Op.notify) return [this.nextCell[thread] as number];
    if (op === Op.wait) return [this.cells.cellOf(this.nextView[thread] as View, this.nextIndex[thread] as number)];
    if (op === Op.pause || this.timesOut(thread)) return this.waiting.watched[thread] ?? [];
    return [];
  }

  #seesExpected(thread: number): boolean {
    return (this.nextView[thread] as View)[this.nextIndex[thread] as number] === this.nextExpected[thread];
  }
}
