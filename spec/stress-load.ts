import { counts } from './commands/allocate.ts';
import type { FrameRange, Geometry, Handle, Subject } from './contract.ts';
import type { Operation } from '../model/index.ts';
import { threw, type HistoryCall } from './history.ts';

/** What free-running threads are to do. */
export interface StressPlan {
  readonly geometry: Geometry;
  /** Calls of each thread in all, at least. */
  readonly opsPerThread: number;
  /** Calls of each thread between two times at which all stand still. */
  readonly opsPerRound: number;
  readonly seed: number;
  /** One access in this many, on average, waits for a moment before it happens; 0: none does. */
  readonly noise: number;
  /** Heartbeats without a call that begins or ends, after which the threads are said to hang. */
  readonly patience: number;
}

/** Words of a call in a thread's log: 0 allocate or 1 free, frame, count, response, stamp of the invocation, stamp of the return. */
export const callWords = 6;
/** Calls that fit a thread's log: those of a round, and a free of everything at its end. */
export const callsMax = ({ geometry, opsPerRound }: StressPlan): number => opsPerRound + geometry.frames + 2;

/** Words that the threads of a run share beside the memory under test: the last stamp, then for each thread the calls it has begun, then for each what others hand over to it. */
export const controlWords = (threads: number): number => 1 + 2 * threads;
const stampAt = 0;
export const callsAt = (thread: number): number => 1 + thread;
const boxAt = (thread: number, threads: number): number => 1 + threads + thread;

/** Numbers that look random, a function of the seed (xorshift, Marsaglia 2003). */
export class Dice {
  #state: number;
  constructor(seed: number, salt: number) {
    this.#state = (Math.imul(seed ^ Math.imul(salt + 1, 0x9e37_79b9), 0x85eb_ca6b) ^ salt) | 0 || 1;
    for (let warm = 0; warm < 8; warm++) this.roll(2);
  }
  /** 0 … sides − 1. */
  roll(sides: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % sides;
  }
}

/** `Atomics` as it was before anything of it was replaced. */
export type Atoms = Pick<typeof Atomics, 'load' | 'store' | 'add' | 'exchange' | 'compareExchange'>;

/** What one thread does, round by round: allocates and frees by dice, hands runs over to others, frees a second time now and then, and writes it all down. */
export class StressThread {
  /** What the operation that gave no answer did instead. */
  trouble = '';
  readonly #handle: Handle;
  readonly #plan: StressPlan;
  readonly #thread: number;
  readonly #control: Int32Array;
  readonly #log: Int32Array;
  readonly #counts: readonly number[];
  readonly #atomics: Atoms;
  readonly #live: FrameRange[] = [];
  #lastFreed: FrameRange | undefined;
  #calls = 0;

  constructor(subject: Subject, handle: Handle, plan: StressPlan, thread: number, control: Int32Array, log: Int32Array, atomics: Atoms) {
    const { frames, maxOrder } = plan.geometry;
    this.#handle = handle;
    this.#plan = plan;
    this.#thread = thread;
    this.#control = control;
    this.#log = log;
    this.#atomics = atomics;
    this.#counts = counts(subject.features ?? {}, Math.min(frames, 2 ** maxOrder, subject.limits?.countMax ?? Infinity));
  }

  /** Calls of the round; it ends with everything given back in two rounds of three. False: an operation gave no answer, and this thread has stopped. */
  round(number: number): boolean {
    const { geometry, opsPerRound, seed } = this.#plan;
    const dice = new Dice(seed, number * 64 + this.#thread);
    // How full the memory gets is drawn for each round, the same for all threads.
    const share = geometry.frames / geometry.workers;
    const target = Math.max(1, Math.floor((share * [0.3, 0.7, 1, 1.5][new Dice(seed, number).roll(4)]!)));
    this.#calls = 0;
    let held = this.#live.reduce((sum, { count }) => sum + count, 0);
    while (this.#calls < opsPerRound) {
      held += this.#handedOver();
      const before = this.#live.length;
      const allocates = before === 0 || dice.roll(10) < (held < target ? 7 : 3);
      const change = allocates ? this.#allocate(dice) : this.#free(dice);
      if (change === undefined) return false;
      held += change;
      // A little apart, and never the same: threads that go in step miss each other.
      if (dice.roll(4) === 0) for (let spin = dice.roll(64); spin > 0; spin--) this.#atomics.load(this.#control, boxAt(this.#thread, geometry.workers));
    }
    if (new Dice(seed, number).roll(3) > 0) {
      this.#handedOver();
      while (this.#live.length > 0) if (this.#freeRun(this.#live.length - 1) === undefined) return false;
    }
    return true;
  }

  #handedOver(): number {
    const { workers, firstFrame } = this.#plan.geometry;
    const box = boxAt(this.#thread, workers);
    if (this.#atomics.load(this.#control, box) === 0) return 0;
    const code = this.#atomics.exchange(this.#control, box, 0) - 1;
    const count = (code & 0xfff) + 1;
    this.#live.push({ start: firstFrame + (code >>> 12), count });
    return count;
  }

  #allocate(dice: Dice): number | undefined {
    const all = this.#counts;
    // Small counts more often than large ones.
    const count = all[Math.floor(all.length * (dice.roll(1024) / 1024) ** 3)] as number;
    const frame = this.#call(0, 0, count);
    if (frame === threw) return undefined;
    if (frame < 0) return 0;
    this.#live.push({ start: frame, count });
    return count;
  }

  #free(dice: Dice): number | undefined {
    const at = dice.roll(this.#live.length);
    const run = this.#live[at] as FrameRange;
    const what = dice.roll(64);
    if (what === 0 && this.#lastFreed !== undefined) return this.#misuse(this.#lastFreed.start, this.#lastFreed.count);
    if (what === 1) return this.#misuse(run.start, run.count + 1);
    if (what < 6 && this.#handOver(run, dice)) {
      this.#live.splice(at, 1);
      return -run.count;
    }
    return this.#freeRun(at);
  }

  #freeRun(at: number): number | undefined {
    const run = this.#live[at] as FrameRange;
    this.#live[at] = this.#live.at(-1) as FrameRange;
    this.#live.pop();
    this.#lastFreed = run;
    return this.#call(1, run.start, run.count) === threw ? undefined : -run.count;
  }

  /** A free that is wrong, unless somebody else happens to own exactly that by now. */
  #misuse(start: number, count: number): number | undefined {
    return this.#call(1, start, count) === threw ? undefined : 0;
  }

  #handOver({ start, count }: FrameRange, dice: Dice): boolean {
    const { workers, firstFrame, frames } = this.#plan.geometry;
    if (workers < 2 || start < firstFrame || start + count > firstFrame + frames) return false;
    const other = (this.#thread + 1 + dice.roll(workers - 1)) % workers;
    const code = ((start - firstFrame) << 12) + count;
    return this.#atomics.compareExchange(this.#control, boxAt(other, workers), 0, code) === 0;
  }

  /** One call, with a stamp before and a stamp after. */
  #call(op: number, frame: number, count: number): number {
    const atomics = this.#atomics;
    const at = this.#calls++ * callWords;
    const log = this.#log;
    log[at] = op;
    log[at + 1] = frame;
    log[at + 2] = count;
    log[at + 4] = atomics.add(this.#control, stampAt, 1);
    atomics.store(this.#control, callsAt(this.#thread), this.#calls);
    let response: unknown;
    try {
      response = op === 0 ? this.#handle.allocate(count) : this.#handle.free(frame, count);
      if (!Number.isInteger(response)) this.trouble = `returned ${String(response)}, which is no whole number`;
    } catch (error) {
      this.trouble = error instanceof Error ? `threw ${error.name}: ${error.message}` : `threw ${String(error)}`;
    }
    log[at + 5] = atomics.add(this.#control, stampAt, 1);
    log[at + 3] = this.trouble === '' ? (response as number) : threw;
    return log[at + 3] as number;
  }
}

/** Stamps that were given so far: they stand still when no call begins or ends. */
export const stampsOf = (control: Int32Array): number => Atomics.load(control, stampAt);

/** What a thread has written down: calls of which the last may not have returned. */
export function callsOf(log: Int32Array, thread: number, calls: number, returned: boolean): HistoryCall[] {
  return Array.from({ length: calls }, (_, command): HistoryCall => {
    const [op, frame, count, response, invoked, at] = log.subarray(command * callWords, (command + 1) * callWords) as unknown as [number, number, number, number, number, number];
    const operation: Operation = op === 0 ? { op: 'allocate', worker: thread, count } : { op: 'free', worker: thread, frame, count };
    return { thread, command, operation, response, invoked, returned: returned || command < calls - 1 ? at : Infinity };
  });
}
