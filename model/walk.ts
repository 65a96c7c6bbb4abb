import { getAdjacencyMap } from 'xstate/graph';
import type { Geometry } from '../spec/contract.ts';
import { modelInvariants, type ModelInvariant } from './invariants.ts';
import { Model } from './model.ts';
import type { Operation, Rules } from './responses.ts';
import type { State } from './state.ts';
import { blocks, frames, pressures, refused, type Component } from './transitions.ts';

export interface MachineReport {
  readonly name: string;
  readonly states: number;
  readonly transitions: number;
  /** States that no sequence of events reaches. */
  readonly unreachable: readonly string[];
  /** Events that no state accepts. */
  readonly ignored: readonly string[];
}

export interface WalkReport {
  readonly machines: readonly MachineReport[];
  readonly geometry: Geometry;
  readonly placement: Rules['placement'];
  readonly composed: {
    readonly states: number;
    readonly transitions: number;
    /** Responses that the model rejected, so that accepting everything would be seen. */
    readonly rejections: number;
    readonly coverage: { readonly covered: number; readonly total: number; readonly missing: readonly string[] };
  };
  readonly invariants: readonly string[];
  readonly violations: readonly { readonly invariant: string; readonly what: string; readonly path: readonly string[] }[];
  /** Whether the walk was stopped before its end. */
  readonly cut: boolean;
}

export interface WalkOptions {
  readonly invariants?: readonly ModelInvariant[];
  readonly components?: readonly Component<string, string>[];
  /** Asked now and then with the number of states so far; true ends the walk. */
  readonly stop?: (states: number) => boolean;
}

/**
 * Walks every state of every component machine (xstate/graph) and of the composition at one geometry, and checks the invariants in each.
 * The composition is walked breadth first over the model's own interned states: getAdjacencyMap serializes each state and calls the
 * reducer for every event, which at 8 frames takes minutes instead of a second.
 */
export function walkModel(geometry: Geometry, rules: Rules, options: WalkOptions = {}): WalkReport {
  const model = new Model(geometry, rules);
  const machines = (options.components ?? [frames, blocks, pressures]).map(walkMachine);
  const walk = walkComposed(model, options.invariants ?? modelInvariants, options.stop);
  return {
    machines, geometry, placement: rules.placement,
    composed: { states: walk.states, transitions: walk.transitions, rejections: walk.rejections, coverage: model.coverage() },
    invariants: (options.invariants ?? modelInvariants).map(({ name }) => name),
    violations: walk.violations, cut: walk.cut,
  };
}

function walkMachine(component: Component<string, string>): MachineReport {
  const map = getAdjacencyMap(component.machine, { events: component.events.map((type) => ({ type })) });
  const reached = new Set(Object.values(map).map(({ state }) => String((state as { value: unknown }).value)));
  let transitions = 0;
  const accepted = new Set<string>();
  for (const from of reached) {
    for (const event of component.events) {
      if (component.next(component.state(from), component.event(event)) === refused) continue;
      transitions++;
      accepted.add(event);
    }
  }
  return {
    name: component.name, states: component.states.length, transitions,
    unreachable: component.states.filter((state) => !reached.has(state)),
    ignored: component.events.filter((event) => !accepted.has(event)),
  };
}

function walkComposed(model: Model, invariants: readonly ModelInvariant[], stop: WalkOptions['stop']): Pick<WalkReport['composed'], 'states' | 'transitions' | 'rejections'> & Pick<WalkReport, 'violations' | 'cut'> {
  const cameFrom = new Map<number, { readonly state: State; readonly by: string } | undefined>([[model.initial.id, undefined]]);
  const queue: State[] = [model.initial];
  const violations: WalkReport['violations'][number][] = [];
  let transitions = 0;
  let rejections = 0;
  let cut = false;
  const pathTo = (state: State): string[] => {
    const path: string[] = [];
    for (let from = cameFrom.get(state.id); from !== undefined; from = cameFrom.get(from.state.id)) path.unshift(from.by);
    return path;
  };
  for (let at = 0; at < queue.length && !cut; at++) {
    const state = queue[at] as State;
    for (const { name, broken } of invariants) {
      const what = broken(state);
      if (what !== undefined) violations.push({ invariant: name, what, path: pathTo(state) });
    }
    for (const { operation, response } of questions(model)) {
      const step = model.step(state, operation, response);
      if (!step.ok) {
        rejections++;
        continue;
      }
      transitions++;
      if (cameFrom.has(step.state.id)) continue;
      cameFrom.set(step.state.id, { state, by: operation.op === 'allocate' ? `allocate(${operation.count}) → ${response}` : `free(${operation.frame}, ${operation.count}) → ${response}` });
      queue.push(step.state);
    }
    cut = (at & 0xff) === 0 && stop?.(queue.length) === true;
  }
  return { states: queue.length, transitions, rejections, violations, cut };
}

/** Everything that can be asked and answered within a geometry, right or wrong. */
function* questions(model: Model): Generator<{ operation: Operation; response: number }> {
  const { firstFrame, frames: managed, maxOrder } = model.layout.geometry;
  const countMax = Math.min(managed, 2 ** maxOrder);
  for (let count = 0; count <= countMax + 1; count++) {
    for (const response of [-2, -1]) yield { operation: { op: 'allocate', worker: 0, count }, response };
    for (let frame = firstFrame; frame < firstFrame + managed; frame++) {
      yield { operation: { op: 'allocate', worker: 0, count }, response: frame };
      for (const response of [0, -2, -3, -4, -5, -6]) yield { operation: { op: 'free', worker: 0, frame, count }, response };
    }
  }
}
