import { schemaVersion } from '../report.ts';

/** What is known of how an operation ended. */
export type Outcome =
  | { readonly kind: 'known'; readonly value: unknown; readonly ok: boolean | undefined }
  /** It had taken effect, if ever, when it returned; its answer was lost. */
  | { readonly kind: 'unknown' }
  /** It never returned: it may take effect at any later time, or never. */
  | { readonly kind: 'open' };

/** One operation of a recorded history. Positions count the events from 0, so they order operations in real time. */
export interface RecordedCall {
  readonly process: number;
  readonly f: string;
  readonly key: string | undefined;
  readonly value: unknown;
  readonly invoked: number;
  /** Infinity: it has not returned. */
  readonly returned: number;
  /** Lines of the file, from 1. */
  readonly invokedLine: number;
  readonly returnedLine: number | undefined;
  readonly outcome: Outcome;
}

export interface RecordedHistory {
  readonly geometry: unknown;
  /** In the order of their invocations. */
  readonly calls: readonly RecordedCall[];
  readonly events: number;
}

/** The operations of a model as they are written: each says what is wrong with a value, or nothing. */
export interface Notation {
  readonly keys: 'none' | 'optional' | 'needed';
  /** What is wrong with the geometry that the first line has to hold; undefined: there is none. */
  readonly geometry: ((value: unknown) => string | undefined) | undefined;
  readonly functions: Readonly<Record<string, { readonly invoked: (value: unknown) => string | undefined; readonly answered: (value: unknown, ok: boolean | undefined) => string | undefined }>>;
}

/** A line that is no event, or no event that fits here. */
export class HistoryError extends Error {
  override readonly name = 'HistoryError';
  /** From 1. */
  readonly line: number;
  readonly column: number | undefined;
  constructor(line: number, message: string, column?: number) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

const known = new Set(['process', 'type', 'f', 'value', 'key', 'ok', 'unknown']);
/** Written by recorders for their own purposes; they decide nothing here. */
const ignored = new Set(['time', 'index', 'error']);

const needsGeometry = 'a history of frames begins with its geometry: {"geometry": {"frames": 64}}';

type Event = Readonly<Record<string, unknown>> & { readonly process: number; readonly type: string };
type OpenCall = { -readonly [K in keyof RecordedCall]: RecordedCall[K] };

/**
 * Reads a history in JSON Lines, one event a line in real-time order. An operation whose outcome is not known (`info`, or no return) ends
 * the life of its process: a process has one operation open at most, and a later invocation of it is refused. Throws {@link HistoryError}.
 */
export class HistoryReader {
  readonly #notation: Notation;
  readonly #calls: OpenCall[] = [];
  readonly #open = new Map<number, OpenCall>();
  /** Lines of their `info`. */
  readonly #lost = new Map<number, number>();
  #geometry: unknown;
  #line = 0;
  #events = 0;
  #begun = false;

  constructor(notation: Notation) {
    this.#notation = notation;
  }

  line(text: string): void {
    this.#line++;
    if (text.trim() === '') return;
    const value = this.#parse(text);
    const first = !this.#begun;
    this.#begun = true;
    if (first && !('type' in value) && ('schemaVersion' in value || 'geometry' in value)) {
      this.#header(value);
      return;
    }
    if (first && this.#notation.geometry !== undefined) this.#refuse(needsGeometry);
    const event = this.#event(value);
    if (event.type === 'invoke') this.#invoke(event);
    else if (event.type === 'return') this.#return(event);
    else this.#info(event);
    this.#events++;
  }

  end(): RecordedHistory {
    if (this.#notation.geometry !== undefined && this.#geometry === undefined) throw new HistoryError(1, needsGeometry);
    return { geometry: this.#geometry, calls: this.#calls, events: this.#events };
  }

  #refuse(message: string): never {
    throw new HistoryError(this.#line, message);
  }

  #parse(text: string): Readonly<Record<string, unknown>> {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      const { message } = error as Error;
      const position = /at position (\d+)/.exec(message)?.[1];
      throw new HistoryError(this.#line, `not JSON: ${message.replace(/ in JSON at position.*| \(line \d.*\)$/, '')}`, position === undefined ? undefined : Number(position) + 1);
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.#refuse('an event is an object such as {"process": 0, "type": "invoke", "f": "read"}');
    return value as Readonly<Record<string, unknown>>;
  }

  #header(header: Readonly<Record<string, unknown>>): void {
    for (const key of Object.keys(header)) if (key !== 'schemaVersion' && key !== 'geometry') this.#refuse(`unknown key ${JSON.stringify(key)} in the first line, which holds schemaVersion and geometry`);
    const version = header['schemaVersion'];
    if (version !== undefined && version !== schemaVersion) this.#refuse(`schemaVersion ${JSON.stringify(version)}; this version reads ${schemaVersion}`);
    if (this.#notation.geometry === undefined) {
      if ('geometry' in header) this.#refuse('a geometry belongs to a history of frames: judge it with --model frames');
      return;
    }
    if (!('geometry' in header)) this.#refuse(needsGeometry);
    const wrong = this.#notation.geometry(header['geometry']);
    if (wrong !== undefined) this.#refuse(wrong);
    this.#geometry = header['geometry'];
  }

  #event(event: Readonly<Record<string, unknown>>): Event {
    for (const key of Object.keys(event)) if (!known.has(key) && !ignored.has(key)) this.#refuse(`unknown key ${JSON.stringify(key)}: an event has ${[...known].join(', ')}`);
    const { process, type, f, key, ok, unknown } = event as Record<string, unknown>;
    if (!Number.isSafeInteger(process) || (process as number) < 0) this.#refuse(`"process" is a whole number from 0, not ${JSON.stringify(process)}`);
    if (type !== 'invoke' && type !== 'return' && type !== 'info') this.#refuse(`"type" is "invoke", "return" or "info", not ${JSON.stringify(type)}`);
    if (f !== undefined && (typeof f !== 'string' || !Object.hasOwn(this.#notation.functions, f))) this.#refuse(`"f" is one of ${Object.keys(this.#notation.functions).join(', ')}, not ${JSON.stringify(f)}`);
    if (key !== undefined && typeof key !== 'string') this.#refuse(`"key" is a text, not ${JSON.stringify(key)}`);
    if (key !== undefined && this.#notation.keys === 'none') this.#refuse('this model has no keys');
    if (ok !== undefined && typeof ok !== 'boolean') this.#refuse(`"ok" is true or false, not ${JSON.stringify(ok)}`);
    if (unknown !== undefined && typeof unknown !== 'boolean') this.#refuse(`"unknown" is true or false, not ${JSON.stringify(unknown)}`);
    if (type !== 'return' && (ok !== undefined || unknown !== undefined)) this.#refuse('"ok" and "unknown" belong to a return');
    return event as Event;
  }

  #invoke({ process, f, key, value }: Event): void {
    const open = this.#open.get(process);
    if (open !== undefined) this.#refuse(`process ${process} invokes while its ${open.f} of line ${open.invokedLine} is open`);
    const lost = this.#lost.get(process);
    if (lost !== undefined) this.#refuse(`process ${process} invokes although its last operation may still be running (info in line ${lost}): the client goes on as a process with another number`);
    if (f === undefined) this.#refuse(`an invocation says what is called: "f" is one of ${Object.keys(this.#notation.functions).join(', ')}`);
    if (key === undefined && this.#notation.keys === 'needed') this.#refuse(`${String(f)} needs its "key"`);
    const wrong = this.#notation.functions[f as string]?.invoked(value);
    if (wrong !== undefined) this.#refuse(wrong);
    const call: OpenCall = { process, f: f as string, key: key as string | undefined, value, invoked: this.#events, returned: Infinity, invokedLine: this.#line, returnedLine: undefined, outcome: { kind: 'open' } };
    this.#open.set(process, call);
    this.#calls.push(call);
  }

  #return(event: Event): void {
    const call = this.#closed(event);
    const { value, ok, unknown } = event as Record<string, unknown>;
    call.returned = this.#events;
    call.returnedLine = this.#line;
    if (unknown === true) {
      if (ok !== undefined) this.#refuse('a return is "ok" or "unknown", not both');
      call.outcome = { kind: 'unknown' };
      return;
    }
    const wrong = this.#notation.functions[call.f]?.answered(value, ok as boolean | undefined);
    if (wrong !== undefined) this.#refuse(`${wrong} (an answer that was lost is "unknown": true)`);
    call.outcome = { kind: 'known', value, ok: ok as boolean | undefined };
  }

  #info(event: Event): void {
    this.#closed(event);
    this.#lost.set(event.process, this.#line);
  }

  /** Takes the open call of the event's process. */
  #closed({ process, type, f, key }: Event): OpenCall {
    const call = this.#open.get(process);
    if (call === undefined) this.#refuse(`process ${process} has nothing open that this ${type} could belong to`);
    if (f !== undefined && f !== call.f) this.#refuse(`this ${type} is of ${JSON.stringify(f)}, but process ${process} has ${call.f} of line ${call.invokedLine} open`);
    if (key !== undefined && key !== call.key) this.#refuse(`this ${type} is of key ${JSON.stringify(key)}, but process ${process} has ${call.f} of key ${JSON.stringify(call.key)} open`);
    this.#open.delete(process);
    return call;
  }
}
