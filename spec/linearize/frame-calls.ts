import { Holdings, type Company, type Operation, type Rules } from '../../model/index.ts';
import type { FrameRange, Geometry } from '../contract.ts';
import type { HistoryCall } from '../history.ts';
import { companyOf } from '../linearizability.ts';
import type { RecordedCall } from './recorded-history.ts';

export interface FrameCall {
  /** In the history. */
  readonly number: number;
  readonly call: RecordedCall;
  readonly operation: Operation;
  /** Undefined: unknown. */
  readonly response: number | undefined;
  readonly company: Company;
  /** No other call may want its frames while it runs. */
  readonly unrivalled: boolean;
  /** An allocate of unknown outcome: where it would be in nobody's way. */
  readonly quiet: QuietRun | undefined;
}

/** A run that is free when a call begins, and that no other call names from then on; `certain` if so in every order. */
export interface QuietRun {
  readonly start: number;
  readonly certain: boolean;
}

/** Calls on frames that overlap, and the frames that they are on. */
export interface Group {
  readonly geometry: Geometry;
  readonly calls: readonly FrameCall[];
}

export const framesRules: Rules = { placement: 'any', exactErrors: false, orders: false };

export function operationOf(f: string, value: unknown, worker: number): Operation {
  return f === 'allocate' ? { op: 'allocate', worker, count: (value as { count: number }).count } : { op: 'free', worker, ...(value as { frame: number; count: number }) };
}

/**
 * The calls of a history of frames, sorted by what they depend on: *groups* on overlapping frames; *lone* ones that no state accepts;
 * *shortages* (OutOfMemory answers) and *lost* ones (allocates of unknown outcome), which are about all frames. The rest is right in every state.
 */
export class FrameCalls {
  readonly geometry: Geometry;
  readonly grouped: FrameCall[] = [];
  readonly lone: FrameCall[] = [];
  readonly shortages: FrameCall[] = [];
  readonly lost: FrameCall[] = [];
  readonly #empty: Holdings;
  /** `frame count` of the runs that are handed out by known answers. */
  readonly #handedOut = new Set<string>();
  readonly #lostCounts = new Set<number>();

  constructor(calls: readonly RecordedCall[], geometry: Geometry) {
    this.geometry = geometry;
    this.#empty = new Holdings(geometry, framesRules);
    const parsed = calls.map((call, number) => ({
      number, call, operation: operationOf(call.f, call.value, call.process), response: call.outcome.kind === 'known' ? (call.outcome.value as number) : undefined,
      company: 'alone' as Company, unrivalled: false, quiet: undefined as QuietRun | undefined,
    }));
    for (const { operation, response } of parsed) {
      if (operation.op !== 'allocate') continue;
      if (response === undefined) this.#lostCounts.add(operation.count);
      else if (response >= 0) this.#handedOut.add(`${response} ${operation.count}`);
    }
    for (const each of parsed) this.#sort(each);
    const company = companies(parsed, this.lost);
    const draft = ({ number }: FrameCall): (typeof parsed)[number] => parsed[number] as (typeof parsed)[number];
    for (const each of this.grouped) draft(each).company = company(each);
    for (const each of unrivalled(this.grouped, this.lost)) draft(each).unrivalled = true;
    if (this.lost.length > 0) for (const [number, quiet] of quietRuns(this, this.lost, isLeftFree(this))) (parsed[number] as (typeof parsed)[number]).quiet = quiet;
  }

  /** Groups of the calls on overlapping frames, in the order of their frames. */
  groups(): Group[] {
    const groups: { start: number; end: number; calls: FrameCall[] }[] = [];
    for (const each of this.grouped.toSorted((a, b) => runOf(a).start - runOf(b).start)) {
      const { start, count } = runOf(each);
      const last = groups.at(-1);
      if (last === undefined || start >= last.end) groups.push({ start, end: start + count, calls: [each] });
      else {
        last.end = Math.max(last.end, start + count);
        last.calls.push(each);
      }
    }
    return groups.map(({ start, end, calls }) => ({ geometry: { ...this.geometry, firstFrame: start, frames: end - start, reserved: [] }, calls }));
  }

  #sort(each: FrameCall): void {
    const { operation, response } = each;
    const { count } = operation;
    if (operation.op === 'free') {
      const isKnown = this.#handedOut.has(`${operation.frame} ${count}`) || (this.#lostCounts.has(count) && this.#fits(operation.frame, count));
      if (response !== undefined && (response > 0 || (response === 0 && !isKnown))) this.lone.push(each);
      else if (isKnown) this.grouped.push(each);
      return;
    }
    if (response === undefined) {
      if (this.#fitsSomewhere(count)) this.lost.push(each);
    } else if (response >= 0) (this.#fits(response, count) ? this.grouped : this.lone).push(each);
    else if (count <= this.geometry.frames || response === -1) {
      const first = this.#empty.step(this.#empty.initial, operation, response, 'alone');
      if (!('ok' in first)) return;
      (first.rule === 'FP-OOM-1' ? this.shortages : this.lone).push(each);
    }
  }

  /** Whether a run could be handed out if nothing was owned. */
  #fits(frame: number, count: number): boolean {
    return !('ok' in this.#empty.step(this.#empty.initial, { op: 'allocate', worker: 0, count }, frame, 'alone'));
  }

  #fitsSomewhere(count: number): boolean {
    const shortage = this.#empty.step(this.#empty.initial, { op: 'allocate', worker: 0, count }, -1, 'alone');
    return 'ok' in shortage && shortage.rule === 'FP-OOM-1';
  }
}

/** The frames of a call that names them. */
export const runOf = ({ operation, response }: Pick<FrameCall, 'operation' | 'response'>): FrameRange => ({ start: operation.op === 'free' ? operation.frame : (response as number), count: operation.count });

const meanwhile = (a: RecordedCall, b: RecordedCall): boolean => a.returned > b.invoked && b.returned > a.invoked;

/** Whose frames an allocate of unknown outcome was about to return, nobody knows: a refusal beside it is not held against the allocator. */
function companies(calls: readonly FrameCall[], lost: readonly FrameCall[]): (each: FrameCall) => Company {
  const history = calls.map(({ call, operation, response, number }): HistoryCall => ({ thread: call.process, command: number, operation, response: response ?? -1, invoked: call.invoked, returned: call.returned }));
  return ({ number, call, operation, response }) => {
    if (operation.op !== 'free' || response === 0) return 'alone';
    if (lost.some((other) => meanwhile(other.call, call))) return 'interfering';
    return companyOf(history[number] as HistoryCall, history);
  };
}

/** Allocates whose frames nobody else may take while they run; a lost one may if somebody frees what it took. */
function unrivalled(grouped: readonly FrameCall[], lost: readonly FrameCall[]): FrameCall[] {
  const takers = grouped.filter(({ operation }) => operation.op === 'allocate').sort((a, b) => a.call.invoked - b.call.invoked);
  const frees = lost.length === 0 ? [] : grouped.filter(({ operation, response }) => operation.op === 'free' && response === 0);
  const rivals = new Set<FrameCall>();
  let open: FrameCall[] = [];
  for (const each of takers) {
    open = open.filter(({ call }) => call.returned > each.call.invoked);
    for (const other of open) if (overlap(each, other)) rivals.add(each).add(other);
    const isTakenMeanwhile = (free: FrameCall): boolean => overlap(free, each) && meanwhile(free.call, each.call) && lost.some(({ operation }) => operation.count === free.operation.count);
    if (frees.some(isTakenMeanwhile)) rivals.add(each);
    open.push(each);
  }
  return takers.filter((each) => !rivals.has(each));
}

export function overlap(a: FrameCall, b: FrameCall): boolean {
  const [mine, theirs] = [runOf(a), runOf(b)];
  return mine.start < theirs.start + theirs.count && theirs.start < mine.start + mine.count;
}

/** Finds lost allocates runs of their own that are free, and that nobody names any more, when they begin. By the number of the call. */
export function quietRuns({ geometry, grouped, lost }: FrameCalls, wanted: readonly FrameCall[], isFree: (at: number) => boolean): Map<number, QuietRun> {
  const { firstFrame, frames, reserved } = geometry;
  const busyUntil = new Float64Array(frames).fill(-1);
  /** Frees that may have been of what another lost allocate took: who owns the frames afterwards depends on the order. */
  const isDoubtful = new Uint8Array(frames);
  for (const { start, count } of reserved) busyUntil.fill(Infinity, start - firstFrame, start - firstFrame + count);
  for (const each of grouped) {
    const { start, count } = runOf(each);
    const frees = each.operation.op === 'free';
    const doubtful = frees && lost.some(({ operation, call }) => operation.count === count && call.invoked < each.call.returned);
    for (let at = start - firstFrame, end = at + count; at < end; at++) {
      busyUntil[at] = Math.max(busyUntil[at] as number, frees && each.response === undefined ? Infinity : each.call.returned);
      if (doubtful) isDoubtful[at] = 1;
    }
  }
  const found = new Map<number, QuietRun>();
  for (const { number, operation, call } of wanted) {
    for (let at = 0, run = 0; at < frames; at++) {
      run = (busyUntil[at] as number) < call.invoked && isFree(at) ? run + 1 : 0;
      if (run < operation.count) continue;
      const start = at + 1 - run;
      found.set(number, { start: firstFrame + start, certain: !isDoubtful.subarray(start, at + 1).includes(1) });
      busyUntil.fill(Infinity, start, at + 1);
      break;
    }
  }
  return found;
}

/** Whether nobody owns a frame, by its place from the first one, after all the calls whose answers are known. */
function isLeftFree({ geometry, grouped }: FrameCalls): (at: number) => boolean {
  const owners = new Int32Array(geometry.frames);
  for (const each of grouped) {
    const { start, count } = runOf(each);
    const change = each.operation.op === 'allocate' ? 1 : each.response === 0 ? -1 : 0;
    for (let at = start - geometry.firstFrame, end = at + count; at < end; at++) owners[at] = (owners[at] as number) + change;
  }
  return (at) => owners[at] === 0;
}
