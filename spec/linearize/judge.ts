import type { HistoryModel } from './model.ts';
import type { RecordedHistory } from './recorded-history.ts';
import { Search, type Move, type Order, type Part } from './search.ts';

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
type Ending = { readonly kind: 'order'; readonly order: Order } | { readonly kind: 'none' | 'undecided'; readonly at: number; readonly move: Move; readonly part: Part; readonly possible: readonly number[] };

const stride = 512;

/**
 * Judges a history: linearizable if its operations have an order that respects real time and that the model accepts. Part by part, each
 * only up to where another one has failed. Ends undecided, never hangs, when the context has had enough.
 */
export function* judgeHistory(history: RecordedHistory, model: HistoryModel, context: JudgeContext): Generator<JudgeProgress, HistoryReport> {
  const { needed, shortCut, whole } = model.plan(history);
  const parts = needed.length + (whole === undefined ? 0 : 1);
  const used = { states: 0 };
  const endings: Ending[] = [];
  let until = Infinity;
  for (const [at, part] of needed.entries()) {
    const ending = yield* judgePart(part, until, context.statesMax, context.stop, used, { part: at + 1, parts });
    endings.push(ending);
    if (ending.kind === 'none') until = ending.at;
  }
  if (whole === undefined) return reportOf(history, model, endings, used.states);
  const failed = endings.filter(({ kind }) => kind === 'none');
  const left = context.statesMax - used.states;
  if (shortCut !== undefined && failed.length === 0) {
    const statesMax = used.states + left / 2;
    const orders: Order[] = [];
    for (const make of shortCut.parts) {
      const ending = yield* judgePart(make(orders), Infinity, statesMax, context.stop, used, { part: parts, parts });
      if (ending.kind !== 'order') break;
      orders.push(ending.order);
    }
    if (orders.length === shortCut.parts.length && shortCut.holds(orders)) return reportOf(history, model, [], used.states);
  }
  // The verdict is known if a part failed: the whole is then only to say whether it fails earlier.
  const ending = yield* judgePart(whole, until, failed.length > 0 ? used.states + left / 10 : context.statesMax, context.stop, used, { part: parts, parts });
  return reportOf(history, model, ending.kind === 'order' ? failed : [...failed, ending], used.states);
}

function* judgePart(part: Part, until: number, statesMax: number, stop: () => boolean, used: { states: number }, place: Pick<JudgeProgress, 'part' | 'parts'>): Generator<JudgeProgress, Ending> {
  const search = new Search(part, until);
  for (;;) {
    const left = statesMax - used.states - search.explored;
    const order = search.run(Math.min(stride, left));
    if (order === true || (order === undefined && (left <= stride || search.isFull || stop()))) {
      used.states += search.explored;
      return order === true ? { kind: 'order', order: search.order } : endingOf('undecided', search, part);
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
