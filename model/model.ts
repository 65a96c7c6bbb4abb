import type { Geometry, Request } from '../spec/contract.ts';
import { Layout } from './layout.ts';
import { Moves, type Listener } from './moves.ts';
import { Responses, type Company, type Operation, type Rejection, type Rules } from './responses.ts';
import { draftOf, emptyDraft, keyOf, State, type Draft } from './state.ts';
import { blocks, frames, pressures, refused, type Component } from './transitions.ts';

export type Step = { readonly ok: true; readonly state: State } | Rejection;

/**
 * The executable reference model: who owns which frame, how the free ones form buddy blocks, how much pressure there is. It accepts
 * rather than predicts: an allocator may answer with any suitable run. Steps are kept per state, so that a second one is a look-up.
 */
export class Model {
  readonly initial: State;
  readonly rules: Rules;
  readonly layout: Layout;
  readonly #responses: Responses;
  readonly #states = new Map<string, State>();
  readonly #steps: Map<string, { readonly step: Step; readonly taken: readonly string[] }>[] = [];
  readonly #taken = new Set<string>();
  readonly #recent = new Set<string>();
  #stepTaken: string[] = [];
  readonly #listener: Listener = (component, state, event) => {
    const key = `${component.name} ${state} ${event}`;
    this.#taken.add(key);
    this.#stepTaken.push(key);
  };

  constructor(geometry: Geometry, rules: Rules) {
    this.rules = rules;
    this.layout = new Layout(geometry);
    this.#responses = new Responses(this.layout, rules);
    const draft = emptyDraft(this.layout);
    new Moves(draft, this.#listener).begin();
    this.initial = this.#interned(draft);
  }

  /** The state after a response, or why the response is wrong. */
  step(state: State, operation: Operation, response: number, company: Company = 'alone'): Step {
    const key = operation.op === 'allocate' ? `${operation.count} ${response}${JSON.stringify(operation.request) ?? ''}` : `${operation.frame} ${operation.count} ${response} ${company}`;
    const steps = (this.#steps[state.id] ??= new Map<string, { readonly step: Step; readonly taken: readonly string[] }>());
    let known = steps.get(key);
    if (known === undefined) {
      this.#stepTaken = [];
      known = { step: this.#step(state, operation, response, company), taken: this.#stepTaken };
      steps.set(key, known);
    }
    for (const each of known.taken) this.#recent.add(each);
    return known.step;
  }

  /** Component transitions taken by steps since this was last asked, known steps included: for {@link note} of a model elsewhere. */
  recent(): string[] {
    const taken = [...this.#recent];
    this.#recent.clear();
    return taken;
  }

  /** Every component transition taken so far. */
  taken(): string[] {
    return [...this.#taken];
  }

  /** Counts transitions as taken that a model of the same geometry and rules has taken elsewhere. */
  note(taken: Iterable<string>): void {
    for (const key of taken) this.#taken.add(key);
  }

  /** The first frame of the first run that suits a request, or −1. */
  suitableRun(state: State, count: number, request?: Request): number {
    return this.#responses.suitableRun(state, count, request);
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

  #step(state: State, operation: Operation, response: number, company: Company): Step {
    const meaning = this.#responses.meaning(state, operation, response, company);
    if (meaning === 'nothing') return { ok: true, state };
    if (meaning === 'taken') return this.#moved(state, (moves) => moves.take(response, response + operation.count, 'allocate'));
    if (meaning === 'given' && operation.op === 'free') return this.#moved(state, (moves) => moves.give(operation.frame, operation.frame + operation.count));
    return meaning as Rejection;
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

function label(key: string): string {
  const [name, state, event] = key.split(' ');
  const component = [frames, blocks, pressures].find((each) => each.name === name) as Component<string, string>;
  return component.label(Number(state), Number(event));
}
