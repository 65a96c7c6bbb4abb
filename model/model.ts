import type { Geometry, Placement, Request } from '../spec/contract.ts';
import { Layout } from './layout.ts';
import { Moves, type Listener } from './moves.ts';
import type { RuleId } from './rules.ts';
import { draftOf, keyOf, State, type Draft } from './state.ts';
import { blocks, frames, pressures, refused, type Component } from './transitions.ts';

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

export type Step = { readonly ok: true; readonly state: State } | { readonly ok: false; readonly rule: RuleId; readonly reason: string };

const outOfMemory = -1;
const invalidCount = -2;
const invalidFrame = -3;
const notAllocated = -4;
const sizeMismatch = -5;
const isReservedError = -6;

/**
 * The executable reference model: who owns which frame, how the free ones form buddy blocks, how much pressure there is. It accepts
 * rather than predicts: an allocator may answer with any suitable run. Steps are kept per state, so that a second one is a look-up.
 */
export class Model {
  readonly initial: State;
  readonly rules: Rules;
  readonly layout: Layout;
  readonly #states = new Map<string, State>();
  readonly #steps: Map<string, Step>[] = [];
  readonly #taken = new Map<string, { readonly component: Component<string, string>; readonly state: number; readonly event: number }>();
  readonly #listener: Listener = (component, state, event) => {
    const key = `${component.name} ${state} ${event}`;
    if (!this.#taken.has(key)) this.#taken.set(key, { component, state, event });
  };

  constructor(geometry: Geometry, rules: Rules) {
    this.rules = rules;
    this.layout = new Layout(geometry);
    const draft: Draft = {
      layout: this.layout,
      frames: new Uint8Array(geometry.frames).fill(frames.state('free')),
      blocks: new Uint8Array(this.layout.blockCount).fill(blocks.state('absent')),
      allocations: new Map(),
      framesFree: geometry.frames,
      pressure: 'ok',
    };
    const moves = new Moves(draft, this.#listener);
    moves.appear();
    for (const { start, end } of this.layout.unavailable()) moves.take(start, end, 'reserve');
    moves.settlePressure();
    this.initial = this.#interned(draft);
  }

  /** The state after a response, or why the response is wrong. */
  step(state: State, operation: Operation, response: number, company: Company = 'alone'): Step {
    const key = operation.op === 'allocate' ? `${operation.count} ${response}${JSON.stringify(operation.request) ?? ''}` : `${operation.frame} ${operation.count} ${response} ${company}`;
    const steps = (this.#steps[state.id] ??= new Map<string, Step>());
    let step = steps.get(key);
    if (step === undefined) {
      step = operation.op === 'allocate' ? this.#allocate(state, operation.count, operation.request, response) : this.#free(state, operation.frame, operation.count, response, company);
      steps.set(key, step);
    }
    return step;
  }

  /** The first frame of the first run that suits a request, or −1. */
  suitableRun(state: State, count: number, request?: Request): number {
    if (!this.#isCount(count)) return -1;
    const { firstFrame, frames: managed } = this.layout.geometry;
    for (let start = firstFrame; start + count <= firstFrame + managed; start++) {
      if (this.#isPlaced(start, count, request) && this.#isRunFree(state, start, count)) return start;
    }
    return -1;
  }

  /** Component transitions taken so far, of those that a geometry like this one, with what is asked of it, can take. */
  coverage(): { covered: number; total: number; missing: readonly string[] } {
    const possible = this.#possible();
    const missing = possible.filter((key) => !this.#taken.has(key)).map((key) => label(key));
    return { covered: possible.length - missing.length, total: possible.length, missing };
  }

  /** Every state made so far. */
  states(): readonly State[] {
    return [...this.#states.values()];
  }

  #allocate(state: State, count: number, request: Request | undefined, response: number): Step {
    if (!this.#isCount(count)) {
      const right = response === invalidCount || (response < 0 && !this.rules.exactErrors);
      return right ? { ok: true, state } : reject('FP-ERR-1', `${count} is no count that can be asked for, and the answer is ${response}, not InvalidCount`);
    }
    if (response === outOfMemory) {
      const run = this.suitableRun(state, count, request);
      return run < 0 ? { ok: true, state } : reject('FP-OOM-1', `OutOfMemory, but ${range(run, count)} ${count === 1 ? 'is' : 'are'} free`);
    }
    if (response < 0) return reject('FP-ERR-1', `error ${response} for a request that is served or out of memory`);
    const { firstFrame, frames: managed } = this.layout.geometry;
    if (response < firstFrame || response + count > firstFrame + managed) {
      return reject('FP-RNG-1', `${range(response, count)} of the frames ${firstFrame}…${firstFrame + managed - 1}`);
    }
    for (let frame = response; frame < response + count; frame++) {
      const is = state.frame(frame);
      if (is === 'reserved' || is === 'offline') return reject('FP-RNG-2', `frame ${frame} is ${is}`);
      if (is !== 'free') return reject('FP-OWN-1', `frame ${frame} is ${is} already`);
    }
    if (!this.#isPlaced(response, count, request)) return reject('FP-PLC-1', `${range(response, count)} ${count === 1 ? 'is' : 'are'} not placed as '${this.rules.placement}' demands`);
    return this.#moved(state, (moves) => moves.take(response, response + count, 'allocate'));
  }

  #free(state: State, frame: number, count: number, response: number, company: Company): Step {
    const isLive = state.allocations.get(frame) === count;
    if (response === 0) {
      if (!isLive) return reject('FP-FRE-1', `${range(frame, count)} ${count === 1 ? 'is' : 'are'} not exactly one live allocation`);
      return this.#moved(state, (moves) => moves.give(frame, frame + count));
    }
    if (response > 0) return reject('FP-ERR-1', `a free answers 0 or an error, not ${response}`);
    if (isLive && company !== 'interfering') return reject('FP-FRE-2', `${range(frame, count)} ${count === 1 ? 'is' : 'are'} a live allocation, and its free was refused with ${response}`);
    const fits = !this.rules.exactErrors || company === 'interfering' || this.#errorsOf(state, frame, count, company).includes(response);
    return fits ? { ok: true, state } : reject('FP-ERR-1', `free(${frame}, ${count}) is refused with ${response}; right would be ${this.#errorsOf(state, frame, count, company).join(' or ')}`);
  }

  /** Every code whose condition holds. Who frees what he does not hold learns nothing exact while others work: −4 and −5 are then one. */
  #errorsOf(state: State, frame: number, count: number, company: Company): number[] {
    if (!Number.isInteger(count) || count < 1) return [invalidCount];
    const { firstFrame, frames: managed } = this.layout.geometry;
    const errors: number[] = [];
    const end = firstFrame + managed;
    if (!Number.isInteger(frame) || frame < firstFrame || frame + count > end) errors.push(invalidFrame);
    const inside: string[] = [];
    for (let at = Math.max(frame, firstFrame); at < Math.min(frame + count, end); at++) inside.push(state.frame(at));
    if (inside.includes('reserved')) errors.push(isReservedError);
    if (frame < firstFrame || frame >= end || !Number.isInteger(frame)) return errors;
    const first = state.frame(frame);
    if (company === 'concurrent') errors.push(notAllocated, sizeMismatch);
    else if (first !== 'allocated') errors.push(notAllocated);
    if (company !== 'concurrent' && inside.includes('allocated')) errors.push(sizeMismatch);
    return errors;
  }

  #moved(state: State, move: (moves: Moves) => void): Step {
    const draft = draftOf(state);
    const moves = new Moves(draft, this.#listener);
    move(moves);
    moves.settlePressure();
    return { ok: true, state: this.#interned(draft) };
  }

  #interned(draft: Draft): State {
    const key = keyOf(draft);
    let state = this.#states.get(key);
    if (state === undefined) {
      state = new State(this.#states.size, draft);
      this.#states.set(key, state);
    }
    return state;
  }

  #isCount(count: number): boolean {
    return Number.isInteger(count) && count >= 1 && count <= 2 ** this.layout.maxOrder && (!this.rules.orders || (count & (count - 1)) === 0);
  }

  #isPlaced(start: number, count: number, request: Request | undefined): boolean {
    if (start % (request?.align ?? 1) !== 0) return false;
    const { chunkFrames } = this.layout.geometry;
    const { placement } = this.rules;
    if (placement === 'any') return true;
    if (placement === 'buddy') return start % 2 ** Math.ceil(Math.log2(count)) === 0;
    if (count >= chunkFrames) return start % chunkFrames === 0;
    return Math.floor(start / chunkFrames) === Math.floor((start + count - 1) / chunkFrames);
  }

  #isRunFree(state: State, start: number, count: number): boolean {
    for (let frame = start; frame < start + count; frame++) if (state.frame(frame) !== 'free') return false;
    return true;
  }

  /** Keys of the component transitions that allocate and free can lead to in this geometry. */
  #possible(): string[] {
    const { geometry, maxOrder } = this.layout;
    const reserves = this.layout.unavailable().length > 0;
    const manageable = geometry.reserved.reduce((sum, { count }) => sum + count, 0) < geometry.frames;
    const key = (component: Component<string, string>, from: string, event: string): string => `${component.name} ${component.state(from)} ${component.event(event)}`;
    const keys = [key(blocks, 'absent', 'appear')];
    if (manageable) keys.push(key(frames, 'free', 'allocate'), key(frames, 'allocated', 'free'), key(blocks, 'free', 'allocate'), key(blocks, 'allocated', 'free'));
    if (geometry.reserved.length > 0) keys.push(key(frames, 'free', 'reserve'));
    if (reserves) keys.push(key(blocks, 'free', 'reserve'));
    if (maxOrder > 0 && geometry.frames > 1) keys.push(key(blocks, 'free', 'split'));
    const whole = geometry.reserved.length === 0 && geometry.firstFrame % 2 === 0 && geometry.frames > 1 && maxOrder > 0;
    if (whole) keys.push(key(blocks, 'split', 'merge'), key(blocks, 'free', 'vanish'));
    if (geometry.marks !== undefined) {
      pressures.states.forEach((from) => pressures.events.forEach((event) => {
        const state = pressures.state(from);
        if (pressures.next(state, pressures.event(event)) !== refused) keys.push(key(pressures, from, event));
      }));
    }
    return keys;
  }
}

const reject = (rule: RuleId, reason: string): Step => ({ ok: false, rule, reason });

const range = (start: number, count: number): string => (count === 1 ? `frame ${start}` : `frames ${start}…${start + count - 1}`);

function label(key: string): string {
  const [name, state, event] = key.split(' ');
  const component = [frames, blocks, pressures].find((each) => each.name === name) as Component<string, string>;
  return component.label(Number(state), Number(event));
}
