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
  plan: ({ calls }) => ({ needed: [...byKey(calls)].map(([key, of]) => partOf(key, of)) }),
  describe: ({ f, value, key, outcome }) => {
    const of = key === undefined ? '' : `${JSON.stringify(key)}: `;
    const what = f === 'read' ? 'read' : f === 'write' ? `write(${JSON.stringify(value)})` : `cas(${(value as Scalar[]).map((each) => JSON.stringify(each)).join(' → ')})`;
    const answer = outcome.kind !== 'known' ? 'unknown' : f === 'read' ? JSON.stringify(outcome.value) : f === 'write' ? 'done' : outcome.ok === true ? 'ok' : 'refused';
    return `${of}${what} → ${answer}`;
  },
};

function partOf(key: string, calls: readonly (readonly [RecordedCall, number])[]): Part {
  const looked = calls.flatMap(([{ f, value, outcome }]) => (f === 'cas' ? [(value as Scalar[])[0]] : f === 'read' && outcome.kind === 'known' ? [outcome.value] : []));
  const names = [...new Set(looked.map((value) => JSON.stringify(value)))];
  const states = new Map(names.map((name, at) => [name, at + 1]));
  const stateOf = (value: unknown): number => states.get(JSON.stringify(value)) ?? unseen;
  const name = (state: number): string => (state === unseen ? 'something that is never read' : (names[state - 1] as string));
  const memo = new Map<string, Map<number, readonly number[]>>();
  return {
    name: key,
    initial: stateOf(null),
    moves: calls.flatMap(([call, number]) => moveFor(call, number, stateOf, memo)),
    explain: ({ call }, possible) => {
      const { f, value, outcome, returned } = (calls.find(([, number]) => number === call) as readonly [RecordedCall, number])[0];
      const wanted = f === 'read' && outcome.kind === 'known' ? outcome.value : f === 'cas' && outcome.kind === 'known' && outcome.ok === true ? (value as Scalar[])[0] : undefined;
      const text = JSON.stringify(wanted);
      const written = calls.some(([other]) => other.invoked < returned && JSON.stringify(other.f === 'write' ? other.value : other.f === 'cas' ? (other.value as Scalar[])[1] : null) === text);
      if (wanted !== undefined && wanted !== null && !written) return `nothing that had begun by then writes ${text}`;
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
