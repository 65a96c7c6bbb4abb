import type { Subtree } from './explore/dpor.ts';

/** A program whose executions are to be explored (a scenario, a litmus program). */
export interface Work {
  /** Its place in the order in which they are told. */
  readonly place: number;
  /**
   * Runs of its first slice, and of any other one, at most. A tree with more is divided after each slice, whether or not another thread
   * waits for work: what is explored, in which order, and so every number of a report, is then the same for any number of threads.
   */
  readonly runsFirst: number;
  readonly runsEach: number;
  /** Runs in all, at most. */
  readonly runsMax: number;
}

/** A piece of a work, for whichever thread has time. Plain data if the work is. */
export interface Task<W extends Work> {
  /** Tasks of one work have the same number, and no others do. */
  readonly number: number;
  readonly work: W;
  /** Where to go on; left out: at the beginning. */
  readonly subtree?: Subtree;
  /** Runs to make, at most. */
  readonly runs: number;
}

/** What came of a task. */
export interface Slice {
  readonly runs: number;
  /** What is left, in the order in which it is to be explored, with the share that each is guessed to have of the task. */
  readonly rest: readonly { readonly subtree: Subtree; readonly share: number }[];
  /** Whether it was stopped before its runs were made; with nothing in `rest` it must be begun again. */
  readonly stopped: boolean;
  /** Whether the work ends here. */
  readonly last: boolean;
}

/** To be done. `weight`: the share of its work that it is guessed to have. */
interface Open {
  readonly subtree?: Subtree;
  readonly runs: number;
  readonly weight: number;
}
type Piece<S extends Slice> = Open | { readonly slice: S };
const isDone = <S extends Slice>(piece: Piece<S>): piece is { readonly slice: S } => 'slice' in piece;

interface Entry<W extends Work, S extends Slice> {
  readonly work: W;
  readonly number: number;
  /** In the order in which one thread would explore them. */
  readonly pieces: Piece<S>[];
  /** Runs of the pieces that were told. */
  runs: number;
  begun: boolean;
}

/** Where a frontier stands, as plain data: works before `next` are over, but for those listed. */
export interface FrontierState<S extends Slice> {
  readonly next: number;
  readonly entries: readonly { readonly place: number; readonly runs: number; readonly begun: boolean; readonly pieces: readonly Piece<S>[] }[];
}

/** What came of a piece of a work; without a slice: what follows of it was left out. */
export interface Told<W extends Work, S extends Slice> {
  readonly work: W;
  /** Whether nothing of its work was told before. */
  readonly first: boolean;
  readonly slice?: S;
  /** Whether nothing more of its work will be told. */
  readonly over: boolean;
}

/** Works of which something may wait for an earlier one: beyond, the threads wait instead, so that memory stays flat. */
const aheadMax = 1024;

/**
 * Works in their order: which pieces are to be done next, and what came of them in the order in which one thread would have found it,
 * however many threads there are and however long each takes.
 */
export class Frontier<W extends Work, S extends Slice> {
  readonly #source: Iterator<W>;
  readonly #entries: Entry<W, S>[] = [];
  readonly #running = new Map<number, { readonly entry: Entry<W, S>; readonly piece: Open }>();
  readonly #restored: ReadonlyMap<number, FrontierState<S>['entries'][number]>;
  readonly #from: number;
  readonly #numbers: () => number;
  #next: number;

  /** `numbers` gives numbers for works and tickets, each once in a check. */
  constructor(source: Iterable<W>, numbers: () => number, state?: FrontierState<S>) {
    this.#source = source[Symbol.iterator]();
    this.#numbers = numbers;
    this.#restored = new Map(state?.entries.map((entry) => [entry.place, entry]));
    this.#from = state?.next ?? 0;
    this.#next = this.#from;
    while (this.#entries.length < this.#restored.size && this.#pull() !== undefined);
  }

  /** Whether nobody works on anything. */
  get idle(): boolean {
    return this.#running.size === 0;
  }

  /** The next piece that nobody works on, with a ticket for handing its slice in. */
  take(): { readonly ticket: number; readonly task: Task<W> } | undefined {
    for (const entry of this.#entries) {
      const taken = this.#takeOf(entry);
      if (taken !== undefined) return taken;
    }
    while (this.#entries.length < aheadMax) {
      const entry = this.#pull();
      if (entry === undefined) return undefined;
      const taken = this.#takeOf(entry);
      if (taken !== undefined) return taken;
    }
    return undefined;
  }

  /** Hands in what came of a task; one that was stopped is gone on with later. */
  done(ticket: number, slice: S): void {
    const running = this.#running.get(ticket);
    if (running === undefined) return;
    this.#running.delete(ticket);
    const { entry, piece } = running;
    const at = entry.pieces.indexOf(piece);
    if (at < 0 || (slice.stopped && slice.rest.length === 0)) return;
    const rest = slice.rest.map(({ subtree, share }): Open => ({ subtree, weight: piece.weight * share, runs: slice.stopped ? piece.runs - slice.runs : entry.work.runsEach }));
    entry.pieces.splice(at, 1, { slice: { ...slice, rest: [] } }, ...rest);
  }

  /** What can be told by now, in order. */
  *tell(): Generator<Told<W, S>> {
    for (let entry = this.#entries[0]; entry !== undefined; entry = this.#entries[0]) {
      const { work, pieces } = entry;
      if (pieces.length === 0) {
        this.#entries.shift();
        continue;
      }
      // Parts of a slice that was stopped count as the one slice that they would have been.
      const end = pieces.findIndex((piece) => !isDone(piece) || !piece.slice.stopped);
      const whole = pieces.slice(0, end + 1).filter(isDone);
      if (whole.length <= end && entry.runs < work.runsMax) return;
      if (whole.length <= end || entry.runs + whole.reduce((sum, { slice }) => sum + slice.runs, 0) > work.runsMax) {
        pieces.length = 0;
        yield { work, first: false, over: true };
        continue;
      }
      for (const { slice } of whole) {
        pieces.shift();
        yield this.#told(entry, slice);
      }
    }
  }

  /** Everything that is done, whether or not something before it is: for a report of work that was stopped. */
  *tellRest(): Generator<Told<W, S>> {
    for (const entry of this.#entries) for (const piece of entry.pieces.filter(isDone)) yield this.#told(entry, piece.slice);
  }

  /** How much of the earliest work under way is left, of 1, by a guess. */
  left(): number {
    return (this.#entries[0]?.pieces ?? []).reduce((sum, piece) => sum + (isDone(piece) ? 0 : piece.weight), 0);
  }

  state(): FrontierState<S> {
    return { next: this.#next, entries: this.#entries.map(({ work: { place }, runs, begun, pieces }) => ({ place, runs, begun, pieces: [...pieces] })) };
  }

  #takeOf(entry: Entry<W, S>): { readonly ticket: number; readonly task: Task<W> } | undefined {
    const busy = [...this.#running.values()].map(({ piece }) => piece);
    for (const piece of entry.pieces) {
      // What follows the last slice of a work will not be asked for.
      if (isDone(piece) && piece.slice.last) return undefined;
      if (isDone(piece) || busy.includes(piece)) continue;
      const ticket = this.#numbers();
      this.#running.set(ticket, { entry, piece });
      return { ticket, task: { number: entry.number, work: entry.work, runs: piece.runs, ...(piece.subtree === undefined ? {} : { subtree: piece.subtree }) } };
    }
    return undefined;
  }

  #pull(): Entry<W, S> | undefined {
    for (;;) {
      const pulled = this.#source.next();
      if (pulled.done === true) return undefined;
      const work = pulled.value;
      const { place, runsFirst } = work;
      const known = this.#restored.get(place);
      if (place < this.#from && known === undefined) continue;
      this.#next = Math.max(this.#from, place + 1);
      const entry: Entry<W, S> = { work, number: this.#numbers(), pieces: known === undefined ? [{ runs: runsFirst, weight: 1 }] : [...known.pieces], runs: known?.runs ?? 0, begun: known?.begun ?? false };
      this.#entries.push(entry);
      return entry;
    }
  }

  #told(entry: Entry<W, S>, slice: S): Told<W, S> {
    entry.runs += slice.runs;
    if (slice.last) entry.pieces.length = 0;
    const first = !entry.begun;
    entry.begun = true;
    return { work: entry.work, first, slice, over: entry.pieces.length === 0 };
  }
}
