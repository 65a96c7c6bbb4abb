import { byKey, either, moveOf, type HistoryModel } from './model.ts';
import type { RecordedCall } from './recorded-history.ts';
import type { Move, Part } from './search.ts';

type Scalar = string | number | boolean | null;

/** The state of a value that nobody looks for: all of them are alike. */
const unseen = 0;

const isValue = (value: unknown): boolean => typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
const isRead = (value: unknown): boolean => value === null || isValue(value);
const values = 'a number, a text, true or false';

/** A register, or one for each key: read, write, compare-and-set. Nothing (null) at first. */
export const register: HistoryModel = {
  name: 'register',
  notation: {
    keys: 'optional',
    geometry: undefined,
    functions: {
      read: {
        invoked: (value) => (value === undefined || value === null ? undefined : 'a read is invoked without a value'),
        answered: (value, ok) => (ok === false ? 'a read does not fail' : isRead(value) ? undefined : `a read returns ${values}, or null for never written`),
      },
      write: {
        invoked: (value) => (isValue(value) ? undefined : `a write needs a value: ${values}`),
        answered: (_, ok) => (ok === false ? 'a write does not fail' : undefined),
      },
      cas: {
        invoked: (value) => (Array.isArray(value) && value.length === 2 && isRead(value[0]) && isValue(value[1]) ? undefined : `a cas needs "value": [from, to], each ${values}`),
        answered: (_, ok) => (ok === undefined ? 'a cas returns "ok": true or "ok": false' : undefined),
      },
    },
  },
  plan: ({ calls }) => {
    const keys = [...byKey(calls)].map(([, of]) => of);
    // A value from nowhere is seen at once; the search is for what comes before it.
    return { needed: [...keys.flatMap((of) => of.filter(([call]) => isFromNowhere(call, of)).map((each) => partOf([each]))), ...keys.map((of) => partOf(of))] };
  },
  describe: ({ f, value, key, outcome }) => {
    const of = key === undefined ? '' : `${JSON.stringify(key)}: `;
    const what = f === 'read' ? 'read' : f === 'write' ? `write(${JSON.stringify(value)})` : `cas(${(value as Scalar[]).map((each) => JSON.stringify(each)).join(' → ')})`;
    const answer = outcome.kind !== 'known' ? 'unknown' : f === 'read' ? JSON.stringify(outcome.value) : f === 'write' ? 'done' : outcome.ok === true ? 'ok' : 'refused';
    return `${of}${what} → ${answer}`;
  },
};

type Numbered = readonly [RecordedCall, number];

/** What a call must have found in the register, if it tells. */
function foundBy({ f, value, outcome }: RecordedCall): Scalar | undefined {
  if (outcome.kind !== 'known') return undefined;
  return f === 'read' ? (outcome.value as Scalar) : f === 'cas' && outcome.ok === true ? (value as [Scalar, Scalar])[0] : undefined;
}

function isFromNowhere(call: RecordedCall, calls: readonly Numbered[]): boolean {
  const found = foundBy(call);
  if (found === undefined || found === null) return false;
  return !calls.some(([other]) => other !== call && other.invoked < call.returned && found === (other.f === 'write' ? other.value : other.f === 'cas' ? (other.value as [Scalar, Scalar])[1] : undefined));
}

function partOf(calls: readonly Numbered[]): Part {
  const looked = calls.flatMap(([{ f, value, outcome }]) => (f === 'cas' ? [(value as Scalar[])[0]] : f === 'read' && outcome.kind === 'known' ? [outcome.value] : []));
  const names = [...new Set(looked.map((value) => JSON.stringify(value)))];
  const states = new Map(names.map((name, at) => [name, at + 1]));
  const stateOf = (value: unknown): number => states.get(JSON.stringify(value)) ?? unseen;
  const name = (state: number): string => (state === unseen ? 'something that is never read' : (names[state - 1] as string));
  const memo = new Map<string, Map<number, readonly number[]>>();
  return {
    initial: stateOf(null),
    moves: calls.flatMap(([call, number]) => moveFor(call, number, stateOf, memo)),
    explain: (move, possible) => {
      const [call] = calls.find(([, number]) => number === move.call) as Numbered;
      if (isFromNowhere(call, calls)) return `nothing that had begun by then writes ${JSON.stringify(foundBy(call))}`;
      return `in every order of what came before, the register holds ${either(possible.map(name))} then`;
    },
  };
}

function moveFor(call: RecordedCall, number: number, stateOf: (value: unknown) => number, memo: Map<string, Map<number, readonly number[]>>): Move[] {
  const { f, value, outcome } = call;
  if (f === 'read') {
    if (outcome.kind !== 'known') return []; // it says nothing
    const read = stateOf(outcome.value);
    return [moveOf(call, number, { kind: `r${read}`, pure: true }, memo, (state) => (state === read ? [state] : []))];
  }
  if (f === 'write') {
    const after = [stateOf(value)];
    return [moveOf(call, number, { kind: `w${after[0]}`, blind: true }, memo, () => after)];
  }
  const [from, to] = (value as [Scalar, Scalar]).map(stateOf) as [number, number];
  if (outcome.kind !== 'known') return [moveOf(call, number, { kind: `u${from},${to}` }, memo, (state) => [state === from ? to : state])];
  if (outcome.ok === true) return [moveOf(call, number, { kind: `c${from},${to}`, pure: from === to }, memo, (state) => (state === from ? [to] : []))];
  return [moveOf(call, number, { kind: `f${from}`, pure: true }, memo, (state) => (state === from ? [] : [state]))];
}
