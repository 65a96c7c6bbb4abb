import type { HistoryModel } from './model.ts';
import type { RecordedHistory } from './recorded-history.ts';
import { Search, type Move, type Part } from './search.ts';

export type HistoryVerdict = 'linearizable' | 'not-linearizable' | 'unknown';

/** The first operation, by its return, up to which no order of the operations exists. */
export interface Unplaced {
  /** Lines of its return and of its invocation, from 1. */
  readonly line: number;
  readonly invokedLine: number;
  readonly process: number;
  /** `cas(0 → 3) → ok` */
  readonly operation: string;
  readonly reason: string;
}

export interface HistoryReport {
  readonly verdict: HistoryVerdict;
  readonly operations: number;
  readonly events: number;
  /** Operations that had returned when the longest prefix ends that has an order; all of them if the history has one. */
  readonly longestPrefix: number;
  /** Events of that prefix. */
  readonly prefixEvents: number;
  /** False: an order exists up to there, and what comes next was not decided. */
  readonly prefixExact: boolean;
  readonly unplaced: Unplaced | undefined;
  /** Standpoints that were searched. */
  readonly states: number;
}

export interface JudgeContext {
  /** Standpoints that are searched at most, over the whole history. */
  readonly statesMax: number;
  /** Asked again and again: whether to end with what is known. */
  readonly stop: () => boolean;
}

export interface JudgeProgress {
  readonly part: number;
  readonly parts: number;
  /** Of the part's operations that returned, how many have a place. */
  readonly placed: number;
  readonly returns: number;
  readonly states: number;
}

/** How a part ended: with an order, without one from a return on, or undecided from a return on. */
type Ending = { readonly kind: 'order' } | { readonly kind: 'none' | 'undecided'; readonly at: number; readonly move: Move; readonly part: Part; readonly possible: readonly number[] };

const stride = 512;

/**
 * Judges a history: linearizable if its operations have an order that respects real time and that the model accepts. Part by part, each
 * only up to where another one has failed. Ends undecided, never hangs, when the context has had enough.
 */
export function* judgeHistory(history: RecordedHistory, model: HistoryModel, context: JudgeContext): Generator<JudgeProgress, HistoryReport> {
  const { enough, needed, whole } = model.plan(history);
  const used = { states: 0 };
  const all = function* (parts: readonly Part[], until: number, endings: Ending[]): Generator<JudgeProgress, number> {
    for (const [at, part] of parts.entries()) {
      const ending = yield* judgePart(part, until, context, used, { part: at + 1, parts: parts.length });
      endings.push(ending);
      if (ending.kind === 'none') until = ending.at;
    }
    return until;
  };
  const first: Ending[] = [];
  if (enough !== undefined) {
    yield* all(enough, Infinity, first);
    if (first.every(({ kind }) => kind === 'order')) return reportOf(history, model, [], used.states);
  }
  const endings: Ending[] = [];
  const until = yield* all(needed, Infinity, endings);
  if (whole !== undefined) {
    const last: Ending[] = [];
    yield* all([whole], until, last);
    // An order of the whole is an order of its parts.
    const [ending] = last as [Ending];
    const failed = endings.filter(({ kind }) => kind === 'none');
    return reportOf(history, model, ending.kind === 'order' ? failed : [...failed, ending], used.states);
  }
  return reportOf(history, model, endings, used.states);
}

function* judgePart(part: Part, until: number, context: JudgeContext, used: { states: number }, place: Pick<JudgeProgress, 'part' | 'parts'>): Generator<JudgeProgress, Ending> {
  const search = new Search(part, until);
  for (;;) {
    const left = context.statesMax - used.states - search.explored;
    const order = search.run(Math.min(stride, left));
    if (order === true || (order === undefined && (left <= stride || search.isFull || context.stop()))) {
      used.states += search.explored;
      return order === true ? { kind: 'order' } : endingOf('undecided', search, part);
    }
    if (order === false) {
      used.states += search.explored;
      return endingOf('none', search, part);
    }
    yield { ...place, placed: search.reached, returns: search.turns, states: used.states + search.explored };
  }
}

function endingOf(kind: 'none' | 'undecided', search: Search, part: Part): Ending {
  const move = search.next;
  if (move === undefined) throw new Error('a search that has placed everything has found an order');
  return { kind, at: move.returned, move, part, possible: search.states };
}

/** The prefix ends where the first part fails, or is undecided. */
function reportOf({ calls, events }: RecordedHistory, model: HistoryModel, endings: readonly Ending[], states: number): HistoryReport {
  const operations = calls.length;
  const stuck = endings.filter((ending) => ending.kind !== 'order').toSorted((a, b) => a.at - b.at);
  const [earliest] = stuck;
  if (earliest === undefined) return { verdict: 'linearizable', operations, events, longestPrefix: operations, prefixEvents: events, prefixExact: true, unplaced: undefined, states };
  const failed = stuck.find(({ kind }) => kind === 'none');
  const prefix = { longestPrefix: calls.filter(({ returned }) => returned < earliest.at).length, prefixEvents: earliest.at, prefixExact: earliest.kind === 'none' };
  return { verdict: failed === undefined ? 'unknown' : 'not-linearizable', operations, events, ...prefix, unplaced: unplacedOf(failed, calls, model), states };
}

function unplacedOf(ending: Exclude<Ending, { kind: 'order' }> | undefined, calls: RecordedHistory['calls'], model: HistoryModel): Unplaced | undefined {
  if (ending === undefined) return undefined;
  const call = calls[ending.move.call] as RecordedHistory['calls'][number];
  return { line: call.returnedLine as number, invokedLine: call.invokedLine, process: call.process, operation: model.describe(call), reason: ending.part.explain(ending.move, ending.possible) };
}
