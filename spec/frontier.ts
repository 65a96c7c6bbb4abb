import type { Subtree } from './explore/dpor.ts';
import type { Scenario } from './scenario.ts';
import { sliceRuns, type Search, type Slice, type Task } from './slice.ts';

/** A scenario, its place in its phase, and how it is searched. */
export interface Planned {
  readonly place: number;
  readonly scenario: Scenario;
  readonly search: Search;
}

/** Work to be done. `weight`: the share of its scenario that it is guessed to have. */
interface Open {
  readonly subtree?: Subtree;
  readonly runs: number;
  readonly weight: number;
}
/** Work that was done. */
interface Done {
  readonly slice: Slice;
}
type Piece = Open | Done;
const isDone = (piece: Piece): piece is Done => 'slice' in piece;

interface Entry {
  readonly planned: Planned;
  readonly number: number;
  /** In the order in which one thread would explore them. */
  readonly pieces: Piece[];
  /** Runs of the pieces that were told. */
  runs: number;
  begun: boolean;
}

/** Where a phase stands, as plain data: the scenarios before `next` are over, but for those listed. */
export interface FrontierState {
  readonly next: number;
  readonly entries: readonly { readonly place: number; readonly runs: number; readonly begun: boolean; readonly pieces: readonly Piece[] }[];
}

/** What came of a piece of a scenario's work, or that what follows of it was left out. */
export interface Told {
  readonly planned: Planned;
  /** Whether nothing of its scenario was told before. */
  readonly first: boolean;
  readonly slice?: Slice;
  readonly cut: boolean;
}

/** Scenarios of which something may wait for an earlier one: beyond, the threads wait instead, so that memory stays flat. */
const aheadMax = 1024;

/**
 * The work of a phase: which pieces are to be done next, and what came of them in the order in which one thread would have found it,
 * however many threads there are and however long each takes.
 */
export class Frontier {
  readonly #source: Iterator<Planned>;
  readonly #entries: Entry[] = [];
  readonly #running = new Map<number, { readonly entry: Entry; readonly piece: Open }>();
  readonly #restored: ReadonlyMap<number, FrontierState['entries'][number]>;
  readonly #from: number;
  readonly #numbers: () => number;
  #next: number;

  /** `numbers` gives numbers for scenarios and tickets, each once in a check. */
  constructor(source: Iterable<Planned>, numbers: () => number, state?: FrontierState) {
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
  take(): { readonly ticket: number; readonly task: Task } | undefined {
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
  done(ticket: number, slice: Slice): void {
    const running = this.#running.get(ticket);
    if (running === undefined) return;
    this.#running.delete(ticket);
    const { entry, piece } = running;
    const at = entry.pieces.indexOf(piece);
    if (at < 0 || (slice.stopped && slice.rest.length === 0)) return;
    const rest = slice.rest.map(({ subtree, share }): Open => ({ subtree, weight: piece.weight * share, runs: slice.stopped ? piece.runs - slice.runs : sliceRuns }));
    entry.pieces.splice(at, 1, { slice: { ...slice, rest: [] } }, ...rest);
  }

  /** What can be told by now, in order. */
  *tell(): Generator<Told> {
    for (let entry = this.#entries[0]; entry !== undefined; entry = this.#entries[0]) {
      const { planned, pieces } = entry;
      const runsMax = planned.search.kind === 'exhaustive' ? planned.search.runsMax : Infinity;
      const piece = pieces[0];
      if (piece === undefined) {
        this.#entries.shift();
      } else if (isDone(piece) ? entry.runs + piece.slice.runs > runsMax : entry.runs >= runsMax) {
        pieces.length = 0;
        yield { planned, first: false, cut: true };
      } else if (!isDone(piece)) {
        return;
      } else {
        pieces.shift();
        yield this.#told(entry, piece.slice);
      }
    }
  }

  /** Everything that is done, whether or not something before it is: for a report of work that was stopped. */
  *tellRest(): Generator<Told> {
    for (const entry of this.#entries) for (const piece of entry.pieces.filter(isDone)) yield this.#told(entry, piece.slice);
  }

  /** How much of the earliest scenario under way is left, of 1, by a guess. */
  left(): number {
    return (this.#entries[0]?.pieces ?? []).reduce((sum, piece) => sum + (isDone(piece) ? 0 : piece.weight), 0);
  }

  state(): FrontierState {
    return { next: this.#next, entries: this.#entries.map(({ planned: { place }, runs, begun, pieces }) => ({ place, runs, begun, pieces: [...pieces] })) };
  }

  #takeOf(entry: Entry): { readonly ticket: number; readonly task: Task } | undefined {
    const busy = [...this.#running.values()].map(({ piece }) => piece);
    for (const piece of entry.pieces) {
      // What follows a failure in the same scenario will not be asked for.
      if (isDone(piece) && piece.slice.failure !== undefined) return undefined;
      if (isDone(piece) || busy.includes(piece)) continue;
      const ticket = this.#numbers();
      this.#running.set(ticket, { entry, piece });
      const { scenario, search } = entry.planned;
      return { ticket, task: { number: entry.number, scenario, search, runs: piece.runs, ...(piece.subtree === undefined ? {} : { subtree: piece.subtree }) } };
    }
    return undefined;
  }

  #pull(): Entry | undefined {
    for (;;) {
      const pulled = this.#source.next();
      if (pulled.done === true) return undefined;
      const planned = pulled.value;
      const { place, search } = planned;
      const known = this.#restored.get(place);
      if (place < this.#from && known === undefined) continue;
      this.#next = Math.max(this.#from, place + 1);
      const runs = search.kind === 'exhaustive' ? Math.min(sliceRuns, search.runsMax) : search.executions;
      const entry: Entry = { planned, number: this.#numbers(), pieces: known === undefined ? [{ runs, weight: 1 }] : [...known.pieces], runs: known?.runs ?? 0, begun: known?.begun ?? false };
      this.#entries.push(entry);
      return entry;
    }
  }

  #told(entry: Entry, slice: Slice): Told {
    entry.runs += slice.runs;
    if (slice.failure !== undefined) entry.pieces.length = 0;
    const first = !entry.begun;
    entry.begun = true;
    return { planned: entry.planned, first, slice, cut: slice.cut };
  }
}
