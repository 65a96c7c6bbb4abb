import type { Geometry, PressureLevel } from '../spec/contract.ts';
import { Layout } from './layout.ts';
import { Moves } from './moves.ts';
import { Responses, type Operation, type Rejection, type Rules } from './responses.ts';
import { emptyDraft, type Draft, type State } from './state.ts';
import { blocks } from './transitions.ts';

const freeBlock = blocks.state('free');

/**
 * The model along one long sequential run, in place: the same machines and the same rules as {@link Model}, without keeping the states
 * that it passes through. States of a long run never come back, so there is nothing to be gained from keeping them.
 */
export class LongRun {
  readonly layout: Layout;
  readonly #responses: Responses;
  readonly #draft: Draft;
  readonly #moves: Moves;

  constructor(geometry: Geometry, rules: Rules) {
    this.layout = new Layout(geometry);
    this.#responses = new Responses(this.layout, rules);
    this.#draft = emptyDraft(this.layout);
    this.#moves = new Moves(this.#draft, () => {});
    this.#moves.begin();
  }

  /** Takes note of a response; or says why it is wrong, and then nothing has changed. */
  step(operation: Operation, response: number): Rejection | undefined {
    const meaning = this.#responses.meaning(this.#draft, operation, response, 'alone');
    if (meaning === 'nothing') return undefined;
    if (meaning === 'taken') this.#moves.take(response, response + operation.count, 'allocate');
    else if (meaning === 'given' && operation.op === 'free') this.#moves.give(operation.frame, operation.frame + operation.count);
    else return meaning as Rejection;
    this.#moves.settlePressure();
    return undefined;
  }

  /** The first frame of the first run that suits a count, or −1. */
  suitableRun(count: number): number {
    return this.#responses.suitableRun(this.#draft, count);
  }

  get framesFree(): number {
    return this.#draft.framesFree;
  }

  get pressure(): PressureLevel {
    return this.#draft.pressure;
  }

  /** The state as it is, for a comparison; not to be kept. */
  get standing(): Pick<State, 'frames' | 'layout' | 'allocations'> {
    return this.#draft;
  }

  /**
   * The share of the free frames that no block of an order can be made of, 0 to 1 (the 'unusable free space index' of Gorman and Whitcroft,
   * 2006, and of the kernel's extfrag). 0 when nothing is free.
   */
  unusable(order: number): number {
    const { layout, blocks: states, framesFree } = this.#draft;
    if (framesFree === 0) return 0;
    let usable = 0;
    for (let at = layout.maxOrder; at >= order; at--) {
      const size = 2 ** at;
      for (let number = Math.floor(layout.topFirst * 2 ** (layout.maxOrder - at)); number < (layout.topLast + 1) * 2 ** (layout.maxOrder - at); number++) {
        if (states[layout.blockIndex(at, number)] === freeBlock) usable += size;
      }
    }
    return 1 - usable / framesFree;
  }
}
