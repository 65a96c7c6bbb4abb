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
  /** An allocate of unknown outcome: a run that no other call of the history ever names, kept for it. */
  readonly quiet: number | undefined;
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
  /** Whether every lost allocate can be given frames of its own, so that it is in nobody's way. */
  readonly lostAreHarmless: boolean;
  readonly #empty: Holdings;
  /** `frame count` of the runs that are handed out by known answers. */
  readonly #handedOut = new Set<string>();
  readonly #lostCounts = new Set<number>();

  constructor(calls: readonly RecordedCall[], geometry: Geometry) {
    this.geometry = geometry;
    this.#empty = new Holdings(geometry, framesRules);
    const parsed = calls.map((call, number) => ({
      number, call, operation: operationOf(call.f, call.value, call.process), response: call.outcome.kind === 'known' ? (call.outcome.value as number) : undefined,
      company: 'alone' as Company, unrivalled: false, quiet: undefined as number | undefined,
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
    this.lostAreHarmless = this.#keepQuiet((each, start) => (draft(each).quiet = start));
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

  #keepQuiet(keep: (each: FrameCall, start: number) => void): boolean {
    const { firstFrame, frames, reserved } = this.geometry;
    const taken = [...reserved, ...this.grouped.map(runOf), { start: firstFrame + frames, count: 0 }].sort((a, b) => a.start - b.start);
    const gaps: { start: number; end: number }[] = [];
    let end = firstFrame;
    for (const { start, count } of taken) {
      if (start > end) gaps.push({ start: end, end: start });
      end = Math.max(end, start + count);
    }
    let all = true;
    for (const each of this.lost.toSorted((a, b) => b.operation.count - a.operation.count)) {
      const { count } = each.operation;
      const gap = gaps.find(({ start, end: stop }) => stop - start >= count);
      if (gap === undefined) {
        all = false;
        continue;
      }
      keep(each, gap.start);
      gap.start += count;
    }
    return all;
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

/** Allocates whose frames nobody else may take while they run. */
function unrivalled(grouped: readonly FrameCall[], lost: readonly FrameCall[]): FrameCall[] {
  const takers = grouped.filter(({ operation }) => operation.op === 'allocate').sort((a, b) => a.call.invoked - b.call.invoked);
  const rivals = new Set<FrameCall>();
  let open: FrameCall[] = [];
  for (const each of takers) {
    open = open.filter(({ call }) => call.returned > each.call.invoked);
    const mine = runOf(each);
    for (const other of open) {
      const theirs = runOf(other);
      if (mine.start < theirs.start + theirs.count && theirs.start < mine.start + mine.count) rivals.add(each).add(other);
    }
    if (lost.some((other) => meanwhile(other.call, each.call))) rivals.add(each);
    open.push(each);
  }
  return takers.filter((each) => !rivals.has(each));
}
