import type { Placement, Request } from '../spec/contract.ts';
import { Layout } from './layout.ts';
import type { RuleId } from './rules.ts';
import { frameOf, type Standing } from './state.ts';
import { frames } from './transitions.ts';

export type Operation =
  | { readonly op: 'allocate'; readonly worker: number; readonly count: number; readonly request?: Request }
  | { readonly op: 'free'; readonly worker: number; readonly frame: number; readonly count: number };

/**
 * What else was going on during a call, which a refusal may lean on: nothing, some other call, or a call on the same frames (an allocate
 * that will return them, a free that has begun).
 */
export type Company = 'alone' | 'concurrent' | 'interfering';

export interface Rules {
  readonly placement: Placement;
  /** Whether error codes must be exact. */
  readonly exactErrors: boolean;
  /** Whether only counts that are powers of two are asked for. */
  readonly orders: boolean;
}

export interface Rejection {
  readonly ok: false;
  readonly rule: RuleId;
  readonly reason: string;
}

/** What a response means: frames are taken or given back, nothing changes, or it is wrong. */
export type Meaning = 'taken' | 'given' | 'nothing' | Rejection;

/** The number under which a frame is free in {@link Standing}. */
export const freeFrame = frames.state('free');
const outOfMemory = -1;
const invalidCount = -2;
const invalidFrame = -3;
const notAllocated = -4;
const sizeMismatch = -5;
const isReservedError = -6;

/** What an allocator may answer where: the contract as functions of a state, a request and a response. */
export class Responses {
  readonly rules: Rules;
  readonly layout: Layout;

  constructor(layout: Layout, rules: Rules) {
    this.layout = layout;
    this.rules = rules;
  }

  meaning(standing: Standing, operation: Operation, response: number, company: Company): Meaning {
    return operation.op === 'allocate' ? this.#allocate(standing, operation.count, operation.request, response) : this.#free(standing, operation.frame, operation.count, response, company);
  }

  /** The first frame of the first run that suits a request, or −1. */
  suitableRun(standing: Standing, count: number, request?: Request): number {
    if (!this.isCount(count)) return -1;
    const { firstFrame, frames: managed } = this.layout.geometry;
    let length = 0;
    for (let at = 0; at < managed; at++) {
      length = standing.frames[at] === freeFrame ? length + 1 : 0;
      const start = firstFrame + at + 1 - count;
      if (length >= count && this.isPlaced(start, count, request)) return start;
    }
    return -1;
  }

  #allocate(standing: Standing, count: number, request: Request | undefined, response: number): Meaning {
    if (!this.isCount(count)) {
      const right = response === invalidCount || (response < 0 && !this.rules.exactErrors);
      return right ? 'nothing' : reject('FP-ERR-1', `${count} is no count that can be asked for, and the answer is ${response}, not InvalidCount`);
    }
    if (response === outOfMemory) {
      const run = this.suitableRun(standing, count, request);
      return run < 0 ? 'nothing' : reject('FP-OOM-1', `OutOfMemory, but ${range(run, count)} ${count === 1 ? 'is' : 'are'} free`);
    }
    if (response < 0) return reject('FP-ERR-1', `error ${response} for a request that is served or out of memory`);
    const { firstFrame, frames: managed } = this.layout.geometry;
    if (response < firstFrame || response + count > firstFrame + managed) {
      return reject('FP-RNG-1', `${range(response, count)} of the frames ${firstFrame}…${firstFrame + managed - 1}`);
    }
    for (let frame = response; frame < response + count; frame++) {
      const is = frameOf(standing, frame);
      if (is === 'reserved' || is === 'offline') return reject('FP-RNG-2', `frame ${frame} is ${is}`);
      if (is !== 'free') return reject('FP-OWN-1', `frame ${frame} is ${is} already`);
    }
    if (!this.isPlaced(response, count, request)) return reject('FP-PLC-1', `${range(response, count)} ${count === 1 ? 'is' : 'are'} not placed as '${this.rules.placement}' demands`);
    return 'taken';
  }

  #free(standing: Standing, frame: number, count: number, response: number, company: Company): Meaning {
    const isLive = standing.allocations.get(frame) === count;
    if (response === 0) {
      if (!isLive) return reject('FP-FRE-1', `${range(frame, count)} ${count === 1 ? 'is' : 'are'} not exactly one live allocation`);
      return 'given';
    }
    if (response > 0) return reject('FP-ERR-1', `a free answers 0 or an error, not ${response}`);
    if (isLive && company !== 'interfering') return reject('FP-FRE-2', `${range(frame, count)} ${count === 1 ? 'is' : 'are'} a live allocation, and its free was refused with ${response}`);
    const fits = !this.rules.exactErrors || company === 'interfering' || this.#errorsOf(standing, frame, count, company).includes(response);
    return fits ? 'nothing' : reject('FP-ERR-1', `free(${frame}, ${count}) is refused with ${response}; right would be ${this.#errorsOf(standing, frame, count, company).join(' or ')}`);
  }

  /** Every code whose condition holds. Who frees what he does not hold learns nothing exact while others work: −4 and −5 are then one. */
  #errorsOf(standing: Standing, frame: number, count: number, company: Company): number[] {
    if (!Number.isInteger(count) || count < 1) return [invalidCount];
    const { firstFrame, frames: managed } = this.layout.geometry;
    const errors: number[] = [];
    const end = firstFrame + managed;
    if (!Number.isInteger(frame) || frame < firstFrame || frame + count > end) errors.push(invalidFrame);
    const inside: string[] = [];
    for (let at = Math.max(frame, firstFrame); at < Math.min(frame + count, end); at++) inside.push(frameOf(standing, at));
    if (inside.includes('reserved')) errors.push(isReservedError);
    if (frame < firstFrame || frame >= end || !Number.isInteger(frame)) return errors;
    const first = frameOf(standing, frame);
    if (company === 'concurrent') errors.push(notAllocated, sizeMismatch);
    else if (first !== 'allocated') errors.push(notAllocated);
    if (company !== 'concurrent' && inside.includes('allocated')) errors.push(sizeMismatch);
    return errors;
  }

  /** Whether a count can be asked for. */
  isCount(count: number): boolean {
    return Number.isInteger(count) && count >= 1 && count <= 2 ** this.layout.maxOrder && (!this.rules.orders || (count & (count - 1)) === 0);
  }

  /** Whether a run may start there, by the placement and the alignment asked for. */
  isPlaced(start: number, count: number, request?: Request): boolean {
    if (start % (request?.align ?? 1) !== 0) return false;
    const { chunkFrames } = this.layout.geometry;
    const { placement } = this.rules;
    if (placement === 'any') return true;
    if (placement === 'buddy') return start % 2 ** Math.ceil(Math.log2(count)) === 0;
    if (count >= chunkFrames) return start % chunkFrames === 0;
    return Math.floor(start / chunkFrames) === Math.floor((start + count - 1) / chunkFrames);
  }
}

const reject = (rule: RuleId, reason: string): Rejection => ({ ok: false, rule, reason });

const range = (start: number, count: number): string => (count === 1 ? `frame ${start}` : `frames ${start}…${start + count - 1}`);
