import type { HistoryEvent } from './histories.ts';

interface Call {
  readonly f: string;
  readonly key: string;
  readonly value: unknown;
  readonly invoked: number;
  readonly returned: number;
  readonly answer: HistoryEvent | undefined;
}
type State = Readonly<Record<string, unknown>>;
/** The states after a call that is answered so; none: it cannot be. Of an unknown answer, all that may be. */
type Semantics = (state: State, call: Call, calls: readonly Call[]) => State[];

const equal = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

export const registerSemantics: Semantics = (state, { f, key, value, answer }) => {
  const held = state[key] ?? null;
  if (f === 'read') return answer === undefined || equal(answer.value, held) ? [state] : [];
  if (f === 'write') return [{ ...state, [key]: value }];
  const [from, to] = value as [unknown, unknown];
  const succeeds = equal(from, held);
  if (answer !== undefined && answer.ok !== succeeds) return [];
  return [succeeds ? { ...state, [key]: to } : state];
};

export const mapSemantics: Semantics = (state, { f, key, value, answer }) => {
  const held = (state[key] ?? '') as string;
  if (f === 'get') return answer === undefined || answer.value === held ? [state] : [];
  return [{ ...state, [key]: f === 'put' ? value : held + (value as string) }];
};

/** State: the first frame and count of the allocation that a frame is in, by frame. */
export const framesSemantics = (frames: number): Semantics => (state, call, calls) => {
  const { frame, count } = call.value as { frame: number; count: number };
  const isFree = (start: number): boolean => start >= 0 && start + count <= frames && Array.from({ length: count }, (_, at) => start + at).every((each) => state[each] === undefined);
  if (call.f === 'allocate') {
    const starts = Array.from({ length: frames }, (_, at) => at).filter(isFree);
    const taken = (start: number): State => ({ ...state, ...Object.fromEntries(Array.from({ length: count }, (_, at) => [start + at, [start, count]])) });
    if (call.answer === undefined) return starts.length === 0 ? [state] : starts.map(taken);
    const answer = call.answer.value as number;
    if (answer === -1) return starts.length === 0 ? [state] : [];
    return isFree(answer) ? [taken(answer)] : [];
  }
  const isLive = equal(state[frame], [frame, count]);
  const freed = (): State => Object.fromEntries(Object.entries(state).filter(([, run]) => !equal(run, [frame, count])));
  const beside = calls.some((other) => {
    if (other === call || other.returned < call.invoked || call.returned < other.invoked) return false;
    if (other.f === 'allocate' && other.answer === undefined) return true;
    const start = other.f === 'allocate' ? (other.answer?.value as number) : (other.value as { frame: number }).frame;
    return start >= 0 && start < frame + count && frame < start + (other.value as { count: number }).count;
  });
  if (call.answer === undefined) return isLive ? [freed(), ...(beside ? [state] : [])] : [state];
  if (call.answer.value === 0) return isLive ? [freed()] : [];
  return (call.answer.value as number) < 0 && (!isLive || beside) ? [state] : [];
};

/**
 * Whether the calls have an order, by trying all of them, and every choice of those that never returned. With a length: of the first so many
 * events, where those that return later need not be placed.
 */
export function hasSomeOrder(events: readonly HistoryEvent[], semantics: Semantics, length = events.length): boolean {
  const calls: Call[] = [];
  events.forEach((event, invoked) => {
    if (event.type !== 'invoke' || invoked >= length) return;
    const at = events.findIndex((other, after) => after > invoked && other.process === event.process && other.type !== 'invoke');
    const end = events[at];
    const isOpen = end === undefined || end.type === 'info';
    calls.push({ f: event.f as string, key: event.key ?? '', value: event.value, invoked, returned: isOpen ? Infinity : at, answer: isOpen || end.unknown === true ? undefined : end });
  });
  const search = (left: readonly Call[], state: State): boolean =>
    left.every(({ returned }) => returned === Infinity || returned >= length) ||
    left.some((call) => !left.some((other) => other.returned < call.invoked) && semantics(state, call, calls).some((after) => search(left.filter((other) => other !== call), after)));
  return search(calls, {});
}
