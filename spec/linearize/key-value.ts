import { byKey, either, moveOf, type HistoryModel } from './model.ts';
import type { RecordedCall } from './recorded-history.ts';
import type { Move, Part } from './search.ts';

/** The state of a text that is no beginning of any that is read: only a put leads out of it. */
const unseen = 0;

const isText = (value: unknown): boolean => typeof value === 'string';
const does = (ok: boolean | undefined, what: string): string | undefined => (ok === false ? `${what} does not fail` : undefined);

/** A map from keys to texts, empty at first: get, put, append. Keys don't know of each other, so each is judged alone. */
export const keyValue: HistoryModel = {
  name: 'kv',
  notation: {
    keys: 'needed',
    geometry: undefined,
    functions: {
      get: {
        invoked: (value) => (value === undefined || value === null ? undefined : 'a get is invoked without a value'),
        answered: (value, ok) => does(ok, 'a get') ?? (isText(value) ? undefined : 'a get returns a text, "" if nothing was put'),
      },
      put: { invoked: (value) => (isText(value) ? undefined : 'a put needs a text as its value'), answered: (_, ok) => does(ok, 'a put') },
      append: { invoked: (value) => (isText(value) ? undefined : 'an append needs a text as its value'), answered: (_, ok) => does(ok, 'an append') },
    },
  },
  plan: ({ calls }) => ({ needed: [...byKey(calls)].map(([key, of]) => partOf(key, of)) }),
  describe: ({ f, key, value, outcome }) =>
    `${f}(${JSON.stringify(key)}${f === 'get' ? '' : `, ${short(value as string)}`}) → ${outcome.kind !== 'known' ? 'unknown' : f === 'get' ? short(outcome.value as string) : 'done'}`,
};

function partOf(key: string, calls: readonly (readonly [RecordedCall, number])[]): Part {
  const texts = new Texts(calls.flatMap(([{ f, outcome }]) => (f === 'get' && outcome.kind === 'known' ? [outcome.value as string] : [])));
  const memo = new Map<string, Map<number, readonly number[]>>();
  return {
    initial: texts.state(''),
    moves: calls.flatMap(([call, number]) => moveFor(call, number, texts, memo)),
    explain: (_, possible) => `in every order of what came before, ${JSON.stringify(key)} holds ${either(possible.map((state) => texts.name(state)))} then`,
  };
}

function moveFor(call: RecordedCall, number: number, texts: Texts, memo: Map<string, Map<number, readonly number[]>>): Move[] {
  const { f, value, outcome } = call;
  if (f === 'get') {
    if (outcome.kind !== 'known') return []; // it says nothing
    const read = texts.state(outcome.value as string);
    return [moveOf(call, number, { kind: `get ${read}`, pure: true }, memo, (state) => (state === read ? [state] : []))];
  }
  const text = value as string;
  if (f === 'put') {
    const after = [texts.state(text)];
    return [moveOf(call, number, { kind: `put ${after[0]}`, blind: true }, memo, () => after)];
  }
  const open = outcome.kind === 'open';
  return [
    moveOf(call, number, { kind: `${open ? 'open ' : ''}append ${text}`, pure: text === '' }, memo, (state) => {
      const after = texts.appended(state, text);
      // Nobody gains from an append that may as well not have been, if what it leads to is never read.
      return open && after === unseen && state !== unseen ? [] : [after];
    }),
  ];
}

/** Texts as states: a number for each beginning of a text that is read, one number for all others. */
class Texts {
  readonly #read: readonly string[];
  readonly #states = new Map<string, number>();
  readonly #texts: string[] = ['something that is never read'];

  constructor(read: readonly string[]) {
    this.#read = [...new Set(read)].sort();
  }

  state(text: string): number {
    const known = this.#states.get(text);
    if (known !== undefined) return known;
    if (!this.#isBeginning(text)) return unseen;
    const state = this.#texts.push(text) - 1;
    this.#states.set(text, state);
    return state;
  }

  appended(state: number, text: string): number {
    return state === unseen ? unseen : this.state((this.#texts[state] as string) + text);
  }

  name(state: number): string {
    return state === unseen ? (this.#texts[unseen] as string) : short(this.#texts[state] as string);
  }

  /** Texts that begin with one follow it in their order. */
  #isBeginning(text: string): boolean {
    let [low, high] = [0, this.#read.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#read[middle] as string) < text) low = middle + 1;
      else high = middle;
    }
    return this.#read[low]?.startsWith(text) === true;
  }
}

/** Long texts by their end, where they differ. */
const short = (text: string): string => (text.length <= 40 ? JSON.stringify(text) : `…${JSON.stringify(text.slice(-36))} (${text.length} characters)`);
