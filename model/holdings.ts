import type { Geometry } from '../spec/contract.ts';
import { Layout } from './layout.ts';
import { Responses, type Company, type Operation, type Rejection, type Rules } from './responses.ts';
import type { Standing } from './state.ts';
import { frames } from './transitions.ts';

/** Who owns which frames. Interned by its {@link Holdings}: equal ones are one object. */
export interface Holding extends Standing {
  readonly id: number;
}

const [allocate, free, reserve] = [frames.event('allocate'), frames.event('free'), frames.event('reserve')];

/**
 * The model without blocks and pressure: the same frame machine and the same rules for responses, so it accepts exactly what `Model` accepts
 * (blocks and pressure follow from ownership, and no response is judged by them). For searches through long histories, where a state has to
 * cost one copy of the frames and no more.
 */
export class Holdings {
  readonly initial: Holding;
  readonly #responses: Responses;
  readonly #known = new Map<string, Holding>();
  readonly #byId: Holding[] = [];

  constructor(geometry: Geometry, rules: Rules) {
    const layout = new Layout(geometry);
    this.#responses = new Responses(layout, rules);
    const states = new Uint8Array(geometry.frames).fill(frames.state('free'));
    for (const { start, count } of geometry.reserved) for (let at = start - geometry.firstFrame, end = at + count; at < end; at++) states[at] = frames.next(states[at] as number, reserve);
    this.initial = this.#interned(layout, states, []);
  }

  /** Bytes that the states kept so far take, roughly. */
  get bytes(): number {
    const { frames: states, allocations } = this.#byId.at(-1) as Holding;
    return this.#byId.length * (400 + states.length + 60 * allocations.size);
  }

  at(id: number): Holding {
    const holding = this.#byId[id];
    if (holding === undefined) throw new RangeError(`no holding ${id}`);
    return holding;
  }

  /** The state after a response, or why the response is wrong. */
  step(holding: Holding, operation: Operation, response: number, company: Company): Holding | Rejection {
    const meaning = this.#responses.meaning(holding, operation, response, company);
    if (meaning === 'nothing') return holding;
    if (meaning === 'taken') return this.#moved(holding, response, operation.count, allocate);
    if (meaning === 'given' && operation.op === 'free') return this.#moved(holding, operation.frame, operation.count, free);
    return meaning as Rejection;
  }

  #moved({ layout, frames: before, allocations }: Holding, start: number, count: number, event: number): Holding {
    const states = before.slice();
    const first = start - layout.geometry.firstFrame;
    for (let at = first; at < first + count; at++) states[at] = frames.next(states[at] as number, event);
    const runs = event === free ? [...allocations].filter(([frame]) => frame !== start) : [...allocations, [start, count] as const].sort(([a], [b]) => a - b);
    return this.#interned(layout, states, runs);
  }

  #interned(layout: Layout, states: Uint8Array, runs: readonly (readonly [number, number])[]): Holding {
    const key = runs.join(' ');
    let holding = this.#known.get(key);
    if (holding === undefined) {
      holding = { id: this.#byId.length, layout, frames: states, allocations: new Map(runs) };
      this.#known.set(key, holding);
      this.#byId.push(holding);
    }
    return holding;
  }
}
