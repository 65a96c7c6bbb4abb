import { freeFrame, Layout, Responses, type Rules, type Standing } from '../model/index.ts';
import type { FrameRange, Geometry } from './contract.ts';
import { FrameHistories, type Effect, type Hold } from './frame-histories.ts';
import { threw, type HistoryCall } from './history.ts';
import { finding, type Finding, type InvariantId } from './invariants.ts';
import { describe } from './linearizability.ts';

/** What a stamped history shows, and the calls that show it, the one that gives it away last. */
export interface StressFinding {
  readonly finding: Finding;
  readonly calls: readonly HistoryCall[];
}

/** A call of which something is claimed as long as nothing in flight excuses it. */
interface Claim {
  readonly call: HistoryCall;
  /** First frame of a run that is free all the while. */
  run: number;
}

/**
 * Judges calls of free-running threads by their stamps alone: of two calls one precedes the other if it had returned when the other was invoked. Each round
 * is judged on the ownership that the rounds before have left. In time linear in the events but for their sorting.
 *
 * No false alarm: what is reported fits no order of the calls. Not everything is seen: frames are judged one by one, and of the answers OutOfMemory those
 * where, at every instant of the call, some suitable run was free for certain.
 */
export class StressJudge {
  /** Answers OutOfMemory that were judged. */
  outOfMemory = 0;
  readonly #geometry: Geometry;
  readonly #responses: Responses;
  readonly #histories: FrameHistories;
  /** Frames that are free for certain, as the model looks for runs in them. */
  readonly #free: Standing;
  readonly #hasCaches: boolean;
  /** By frame: the free that gave it back last. */
  readonly #given: (HistoryCall | undefined)[];
  #outOfMemory: Claim[] = [];
  #refusals: Claim[] = [];
  /** Frees in flight, whatever they will answer: a refusal may lean on them. */
  #frees: HistoryCall[] = [];

  constructor(geometry: Geometry, rules: Rules, hasCaches: boolean) {
    const { frames, firstFrame, reserved } = geometry;
    this.#geometry = geometry;
    this.#responses = new Responses(new Layout(geometry), rules);
    this.#histories = new FrameHistories(frames);
    this.#hasCaches = hasCaches;
    this.#given = Array.from({ length: frames }, () => undefined);
    this.#free = { layout: this.#responses.layout, frames: new Uint8Array(frames).fill(freeFrame), allocations: new Map() };
    for (const { start, count } of reserved) {
      for (let frame = start; frame < start + count; frame++) {
        this.#histories.reserve(frame - firstFrame, { start, count, call: undefined, reserved: true });
        this.#free.frames[frame - firstFrame] = notFree;
      }
    }
  }

  /** The first thing wrong with the calls of a round, all of which have returned; stamps (`invoked`, `returned`) go on from round to round. */
  round(calls: readonly HistoryCall[]): StressFinding | undefined {
    const events: number[] = [];
    for (let at = 0; at < calls.length; at++) events.push(2 * at, 2 * at + 1);
    const stamp = (event: number): number => {
      const call = calls[event >> 1] as HistoryCall;
      return (event & 1) === 0 ? call.invoked : call.returned;
    };
    // Of equal stamps the invocation comes first, so that calls which may overlap do.
    events.sort((a, b) => stamp(a) - stamp(b) || (a & 1) - (b & 1));
    [this.#outOfMemory, this.#refusals, this.#frees] = [[], [], []];
    const effects = calls.map((call) => this.#effectOf(call));
    for (const event of events) {
      const call = calls[event >> 1] as HistoryCall;
      const effect = effects[event >> 1];
      if ((event & 1) === 0) {
        this.#invoked(call, effect);
      } else {
        const found = this.#returned(call, effect);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  /** The allocations that live when nothing runs. */
  live(): Hold[] {
    const { firstFrame, frames } = this.#geometry;
    const holds: Hold[] = [];
    for (let at = 0; at < frames; at++) {
      const hold = this.#histories.holder(at);
      if (hold !== undefined && hold.reserved !== true && hold.start === firstFrame + at) holds.push(hold);
    }
    return holds;
  }

  /** What a successful call on managed frames did. */
  #effectOf(call: HistoryCall): Effect | undefined {
    const { operation, response } = call;
    if (response < 0 || (operation.op === 'free' && response !== 0)) return undefined;
    const start = operation.op === 'allocate' ? response : operation.frame;
    return this.#isManaged(start, operation.count) ? { takes: operation.op === 'allocate', start, count: operation.count, call } : undefined;
  }

  #isManaged(start: number, count: number): boolean {
    const { firstFrame, frames } = this.#geometry;
    return start >= firstFrame && start + count <= firstFrame + frames;
  }

  #invoked(call: HistoryCall, effect: Effect | undefined): void {
    const { operation, response } = call;
    const { firstFrame } = this.#geometry;
    if (effect !== undefined || operation.op === 'free') this.#excuse(effect ?? rangeOf(call));
    if (effect !== undefined) {
      for (let at = effect.start - firstFrame; at < effect.start - firstFrame + effect.count; at++) {
        this.#histories.invoked(at, effect);
        this.#free.frames[at] = notFree;
      }
      this.#moveRuns(effect);
    }
    if (operation.op === 'free') {
      if (response < 0 && response !== threw && this.#isLive(rangeOf(call)) && !this.#frees.some((other) => overlap(rangeOf(other), rangeOf(call)))) this.#refusals.push({ call, run: -1 });
      this.#frees.push(call);
    } else if (response === outOfMemory && !this.#hasCaches && this.#responses.isCount(operation.count)) {
      this.outOfMemory++;
      const run = this.#responses.suitableRun(this.#free, operation.count);
      if (run >= 0) this.#outOfMemory.push({ call, run });
    }
  }

  #isLive(range: FrameRange): boolean {
    if (range.count < 1 || !this.#isManaged(range.start, range.count)) return false;
    for (let frame = range.start; frame < range.start + range.count; frame++) if (!this.#histories.isSurelyHeld(frame - this.#geometry.firstFrame, range)) return false;
    return true;
  }

  /** A call on these frames has begun: refusals on them may lean on it. */
  #excuse(range: FrameRange): void {
    if (this.#refusals.length > 0) this.#refusals = this.#refusals.filter(({ call }) => !overlap(rangeOf(call), range));
  }

  /** Frames are not free for certain any more: another run must be, or there may have been none. */
  #moveRuns(range: FrameRange): void {
    if (this.#outOfMemory.length === 0) return;
    this.#outOfMemory = this.#outOfMemory.filter((claim) => {
      const { count } = claim.call.operation;
      if (overlap({ start: claim.run, count }, range)) claim.run = this.#responses.suitableRun(this.#free, count);
      return claim.run >= 0;
    });
  }

  #returned(call: HistoryCall, effect: Effect | undefined): StressFinding | undefined {
    if (call.response === threw) return found('FP-EXC-1', `${stamped(call)} gave no answer`, [call]);
    const wrong = call.operation.op === 'allocate' ? this.#allocated(call, call.operation.count, effect) : this.#freed(call, effect);
    if (wrong !== undefined || effect === undefined) return wrong;
    const { firstFrame } = this.#geometry;
    for (let at = effect.start - firstFrame; at < effect.start - firstFrame + effect.count; at++) {
      const holder = this.#histories.holder(at);
      if (!this.#histories.returned(at, effect)) return this.#conflict(effect, firstFrame + at, holder);
      this.#free.frames[at] = this.#histories.isSurelyFree(at) ? freeFrame : notFree;
      if (!effect.takes) this.#given[at] = call;
    }
    return undefined;
  }

  #allocated(call: HistoryCall, count: number, effect: Effect | undefined): StressFinding | undefined {
    const { response } = call;
    if (response === outOfMemory) {
      const claim = this.#outOfMemory.find((each) => each.call === call);
      this.#outOfMemory = this.#outOfMemory.filter((each) => each !== claim);
      if (claim === undefined) return undefined;
      const freed = this.#lastGiven(claim.run, count);
      return found('FP-OOM-1', `${stamped(call)}, but at every instant of the call a suitable run was free and untouched: at its end ${frames(claim.run, count)} free`, [...freed, call]);
    }
    if (response < 0) return this.#responses.isCount(count) ? found('FP-ERR-1', `${stamped(call)}: a request that is served or out of memory was answered with error ${response}`, [call]) : undefined;
    const { firstFrame, frames: managed } = this.#geometry;
    if (effect === undefined) return found('FP-RNG-1', `${stamped(call)}: ${frames(response, count)} not among ${firstFrame}…${firstFrame + managed - 1}`, [call]);
    if (!this.#responses.isPlaced(response, count)) return found('FP-PLC-1', `${stamped(call)}: ${frames(response, count)} not placed as '${this.#responses.rules.placement}' demands`, [call]);
    return undefined;
  }

  #freed(call: HistoryCall, effect: Effect | undefined): StressFinding | undefined {
    this.#frees = this.#frees.filter((other) => other !== call);
    const claim = this.#refusals.find((each) => each.call === call);
    this.#refusals = this.#refusals.filter((each) => each !== claim);
    if (call.response > 0) return found('FP-ERR-1', `${stamped(call)}: a free answers 0 or an error`, [call]);
    const range = rangeOf(call);
    if (claim !== undefined) {
      const holder = this.#histories.holder(range.start - this.#geometry.firstFrame);
      return found('FP-FRE-2', `${stamped(call)}, but it is a live allocation and nobody else named its frames meanwhile`, [...(holder?.call === undefined ? [] : [holder.call]), call]);
    }
    if (call.response === 0 && effect === undefined) return found('FP-FRE-1', `${stamped(call)}: ${frames(range.start, range.count)} not among what is managed`, [call]);
    return undefined;
  }

  #conflict(effect: Effect, frame: number, holder: Hold | undefined): StressFinding {
    const { call, takes } = effect;
    const calls = holder?.call === undefined ? [call] : [holder.call, call];
    if (takes && holder?.reserved === true) return found('FP-RNG-2', `${stamped(call)}: frame ${frame} is reserved`, calls);
    const who = holder?.call === undefined ? 'nobody holds it' : `it is held by ${stamped(holder.call)}`;
    if (takes) return found('FP-OWN-1', `${stamped(call)}: frame ${frame} has an owner who has not begun to free it: ${who}`, calls);
    return found('FP-FRE-1', `${stamped(call)} is not exactly one live allocation: frame ${frame}: ${who}`, calls);
  }

  /** The call that gave back the frames of a free run last. */
  #lastGiven(run: number, count: number): HistoryCall[] {
    const at = run - this.#geometry.firstFrame;
    const given = this.#given.slice(at, at + count).filter((call) => call !== undefined);
    return given.sort((a, b) => a.returned - b.returned).slice(-1);
  }
}

/** Any number but {@link freeFrame}. */
const notFree = freeFrame + 1;
const outOfMemory = -1;

const found = (id: InvariantId, message: string, calls: readonly HistoryCall[]): StressFinding => ({ finding: finding(id, message), calls });

/** The frames that a call names or was given. */
function rangeOf({ operation, response }: HistoryCall): FrameRange {
  const start = operation.op === 'free' ? operation.frame : response;
  return start < 0 || operation.count < 1 ? { start: 0, count: 0 } : { start, count: operation.count };
}

const overlap = (a: FrameRange, b: FrameRange): boolean => a.start < b.start + b.count && b.start < a.start + a.count;

const frames = (start: number, count: number): string => (count === 1 ? `frame ${start} is` : `frames ${start}…${start + count - 1} are`);

/** `A: allocate(1) → 5 (stamps 97…110)`. */
export const stamped = (call: HistoryCall): string => `${describe(call)} (stamps ${call.invoked}…${call.returned})`;
