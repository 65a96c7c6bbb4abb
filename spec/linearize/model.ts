import type { Notation, RecordedCall, RecordedHistory } from './recorded-history.ts';
import type { Move, Order, Part } from './search.ts';

/** What a history is to be judged as. */
export interface HistoryModel {
  readonly name: string;
  readonly notation: Notation;
  plan(history: RecordedHistory): Plan;
  /** One operation and its answer, `cas(0 → 3) → ok`. */
  describe(call: RecordedCall): string;
}

/** How a history is judged. */
export interface Plan {
  /** Each must have an order. */
  readonly needed: readonly Part[];
  /** Must have an order, too; absent: those needed are enough. */
  readonly whole?: Part;
  /** If this holds, the whole has an order, and it is quicker to look. */
  readonly shortCut?: ShortCut;
}

/** Parts with orders that fit together: each is made when those before it have theirs. */
export interface ShortCut {
  readonly parts: readonly ((orders: readonly Order[]) => Part)[];
  readonly holds: (orders: readonly Order[]) => boolean;
}

/** A move, with its answers kept by state. */
export function moveOf(
  call: RecordedCall,
  number: number,
  traits: Pick<Move, 'kind'> & Partial<Pick<Move, 'optional' | 'pure' | 'blind' | 'eager'>>,
  memo: Map<string, Map<number, readonly number[]>>,
  next: (state: number) => readonly number[],
): Move {
  let answers = memo.get(traits.kind);
  if (answers === undefined) {
    answers = new Map();
    memo.set(traits.kind, answers);
  }
  const kept = answers;
  return {
    call: number, invoked: call.invoked, returned: call.returned, optional: call.outcome.kind === 'open', pure: false, blind: false, eager: false, ...traits,
    next: (state) => {
      let states = kept.get(state);
      if (states === undefined) {
        states = next(state);
        kept.set(state, states);
      }
      return states;
    },
  };
}

/** Calls by their key, in the order of first use; each with its number in the history. */
export function byKey(calls: readonly RecordedCall[]): Map<string, [RecordedCall, number][]> {
  const keys = new Map<string, [RecordedCall, number][]>();
  calls.forEach((call, number) => {
    const key = call.key ?? '';
    const of = keys.get(key);
    if (of === undefined) keys.set(key, [[call, number]]);
    else of.push([call, number]);
  });
  return keys;
}

/** `1`, `1 or 2`, `1, 2 or 3`. */
export const either = (words: readonly string[]): string => (words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`);
