import { Visited, type Chosen, type Standpoint } from './visited.ts';

/** An operation as the search sees it. States are numbers: of equal states there is one. */
export interface Move {
  /** Number of the call in the history. */
  readonly call: number;
  readonly invoked: number;
  /** Infinity: never. */
  readonly returned: number;
  /** It need not take effect. */
  readonly optional: boolean;
  /** It never changes a state. */
  readonly pure: boolean;
  /** It is accepted in every state, and the next one depends on the move alone. */
  readonly blind: boolean;
  /** No order is lost by placing it as soon as it is accepted. */
  readonly eager: boolean;
  /** Equal for moves with the same `next`. */
  readonly kind: string;
  /** The states that it may lead to; none: it is not accepted. */
  next(state: number): readonly number[];
}

/** A history, or a part of it that can be judged alone. */
export interface Part {
  readonly moves: readonly Move[];
  readonly initial: number;
  /** Whether the order of two moves may matter; absent: always. */
  readonly depends?: (a: Move, b: Move) => boolean;
  /** No more states can be kept. */
  readonly full?: () => boolean;
  /** Why a move cannot be placed, in words; `states` are those that were possible when it returned. */
  explain(move: Move, states: readonly number[]): string;
}

/** What there is to say of an order: the calls of the optional moves that have a place in it, and the state at its end. */
export interface Order {
  readonly chosen: readonly number[];
  readonly state: number;
}

interface Entry {
  readonly move: Move;
  readonly bit: bigint;
  readonly kind: number;
}

/** A return, and what was open then. */
interface Turn extends Entry {
  /** Those invoked before that have not returned, this one included, by their returns. */
  readonly open: readonly Entry[];
  readonly optional: bigint;
  readonly blind: bigint;
}

const statesNamed = 8;

/**
 * Wing and Gong's search as Lowe made it ("Testing for linearizability", 2017): just in time, that is, an operation is placed when a return
 * demands it, and no standpoint (place in the history, operations placed, state) is gone into twice. What keeps it from trying every subset
 * of the open operations, none of which loses an order:
 * - An operation that a state accepts unchanged has been placed there, or is placed later: it is *covered*, free to be used or not. Optional
 *   ones are covered from their invocation on. A blind write covers every blind write that is open: they were overwritten unseen.
 * - Before the operation that returns, only those are tried whose order can matter to it, directly or through other open ones; a blind
 *   write only if an operation can come next that sees it, or if it changes nothing but covers what had to be placed.
 * - Of open operations that do the same, the one that returns first is taken.
 * - A standpoint that another one dominates is dropped ({@link Visited}).
 *
 * The *prefix* that it names ends before the first return up to which no order exists, with operations that return later taken by the
 * answers that they give then.
 */
export class Search {
  /** Standpoints gone into. */
  explored = 0;
  /** Returns up to which an order was found. */
  reached = 0;
  readonly #part: Part;
  readonly #turns: readonly Turn[];
  readonly #stack: Standpoint[] = [];
  readonly #visited: Visited;
  readonly #states = new Set<number>();
  #found: Standpoint | undefined;

  /** Looks at the events before the position `until` only. */
  constructor(part: Part, until = Infinity) {
    this.#part = part;
    this.#turns = turnsOf(part.moves, until);
    this.#visited = new Visited(this.#turns.length);
    this.#enter(this.#settle({ turn: 0, used: 0n, covered: 0n, state: part.initial, chosen: undefined }));
  }

  get turns(): number {
    return this.#turns.length;
  }

  /** The operation whose return ends the prefix that was placed. */
  get next(): Move | undefined {
    return this.#turns[this.reached]?.move;
  }

  /** States in which `next` was awaited. */
  get states(): readonly number[] {
    return [...this.#states];
  }

  /** It cannot go on. */
  get isFull(): boolean {
    return this.#part.full?.() === true;
  }

  /** The order that was found. */
  get order(): Order {
    if (this.#found === undefined) throw new Error('no order was found');
    const calls: number[] = [];
    for (let each: Chosen | undefined = this.#found.chosen; each !== undefined; each = each.before) calls.push(each.call);
    return { chosen: calls, state: this.#found.state };
  }

  /** Goes into at most so many standpoints. Whether an order exists, or undefined: not decided yet. */
  run(standpoints: number): boolean | undefined {
    const end = this.explored + standpoints;
    while (this.#found === undefined) {
      if (this.isFull) return undefined; // and what its moves have answered since may lack something
      if (this.#stack.length > 0 && this.explored >= end) return undefined;
      const from = this.#stack.pop();
      if (from === undefined) return false;
      this.explored++;
      const onward = this.#onward(from);
      for (let at = onward.length - 1; at >= 0; at--) this.#enter(onward[at] as Standpoint);
    }
    return true;
  }

  #enter(standpoint: Standpoint): void {
    const { turn, state } = standpoint;
    if (turn > this.reached) {
      this.reached = turn;
      this.#states.clear();
    }
    if (turn === this.#turns.length) this.#found = standpoint;
    if (turn === this.reached && this.#states.size < statesNamed) this.#states.add(state);
    if (this.#visited.add(standpoint)) this.#stack.push(standpoint);
  }

  /** Onward to the next return that asks for a decision. */
  #settle({ turn: number, used, covered, state, chosen }: Standpoint): Standpoint {
    for (; number < this.#turns.length; number++) {
      const turn = this.#turns[number] as Turn;
      covered |= turn.optional & ~used;
      for (let again = true; again; ) {
        again = false;
        for (const { move, bit } of turn.open) {
          if (((used | covered) & bit) !== 0n) continue;
          const next = move.next(state);
          if (next.includes(state)) covered |= bit;
          else if (move.eager && next.length > 0) {
            state = next[0] as number;
            used |= bit;
            again = true;
          }
        }
      }
      if ((used & turn.bit) === 0n && (!turn.move.pure || (covered & turn.bit) === 0n)) break;
      used &= ~turn.bit;
      covered &= ~turn.bit;
    }
    return { turn: number, used, covered, state, chosen };
  }

  /** Where a standpoint leads, the likeliest first. */
  #onward(from: Standpoint): Standpoint[] {
    const turn = this.#turns[from.turn] as Turn;
    const onward: Standpoint[] = [];
    if ((from.covered & turn.bit) !== 0n) onward.push(this.#settle({ ...from, turn: from.turn + 1, covered: from.covered & ~turn.bit }));
    this.#place(turn, from, turn, onward);
    const seen = new Set([sort(turn, from)]);
    for (const entry of this.#related(turn, from)) {
      if (entry.move.pure || (from.used & entry.bit) !== 0n) continue;
      const kind = sort(entry, from);
      if (seen.has(kind)) continue;
      seen.add(kind);
      this.#place(entry, from, turn, onward);
    }
    return onward;
  }

  #place(entry: Entry, from: Standpoint, turn: Turn, onward: Standpoint[]): void {
    const { move, bit } = entry;
    const used = from.used | bit;
    const overwritten = move.blind ? turn.blind & ~used : 0n;
    for (const state of move.next(from.state)) {
      const isWorthIt = state === from.state ? (overwritten & ~from.covered) !== 0n : !move.blind || bit === turn.bit || isSeen(entry, state, turn, from);
      if (!isWorthIt) continue;
      const covered = (from.covered & ~bit) | overwritten;
      onward.push(this.#settle({ turn: from.turn, used, covered, state, chosen: move.optional ? { call: move.call, before: from.chosen } : from.chosen }));
    }
  }

  /** Open moves whose order can matter to the one that returns, itself left out. */
  #related(turn: Turn, { used, covered }: Standpoint): readonly Entry[] {
    const { depends } = this.#part;
    if (depends === undefined) return turn.open;
    let left = turn.open.filter(({ move, bit }) => (used & bit) === 0n && !(move.pure && (covered & bit) !== 0n) && bit !== turn.bit);
    const related: Entry[] = [];
    for (let frontier: readonly Entry[] = [turn]; frontier.length > 0; ) {
      const next = left.filter(({ move }) => frontier.some((other) => depends(move, other.move)));
      left = left.filter((entry) => !next.includes(entry));
      related.push(...next);
      frontier = next;
    }
    return related;
  }
}

/** What makes two moves interchangeable: they do the same, and both have to be placed or both need not. */
const sort = ({ kind, bit }: Entry, { covered }: Standpoint): number => kind * 2 + ((covered & bit) === 0n ? 0 : 1);

/** Whether an open move can come next that takes notice of what a blind write wrote. */
function isSeen({ bit }: Entry, state: number, { open }: Turn, { used, covered }: Standpoint): boolean {
  return open.some(({ move, bit: other }) => {
    if (move.blind || other === bit || (used & other) !== 0n) return false;
    return move.next(state).some((after) => after !== state || (covered & other) === 0n);
  });
}

function turnsOf(moves: readonly Move[], until: number): Turn[] {
  const kinds = new Map<string, number>();
  const open = new Set<Entry>();
  const spare: bigint[] = [];
  let slots = 0n;
  const turns: Turn[] = [];
  for (const { at, move, entry } of marksOf(moves)) {
    if (at >= until) break;
    if (entry === undefined) {
      if (!kinds.has(move.kind)) kinds.set(move.kind, kinds.size);
      open.add({ move, bit: spare.pop() ?? 1n << slots++, kind: kinds.get(move.kind) as number });
      continue;
    }
    const mine = [...open].find((each) => each.move === move) as Entry;
    const sorted = [...open].sort((a, b) => a.move.returned - b.move.returned || a.move.invoked - b.move.invoked);
    const mask = (holds: (each: Move) => boolean): bigint => sorted.reduce((bits, each) => (holds(each.move) ? bits | each.bit : bits), 0n);
    turns.push({ ...mine, open: sorted, optional: mask((each) => each.optional), blind: mask((each) => each.blind) });
    open.delete(mine);
    spare.push(mine.bit);
  }
  return turns;
}

/** Invocations and returns in their order. */
function marksOf(moves: readonly Move[]): { at: number; move: Move; entry?: 'return' }[] {
  const returns = moves.filter(({ returned }) => returned !== Infinity).map((move) => ({ at: move.returned, move, entry: 'return' as const }));
  return [...moves.map((move) => ({ at: move.invoked, move })), ...returns].sort((a, b) => a.at - b.at);
}
