import { getNextSnapshot, type AnyMachineSnapshot, type AnyStateMachine } from 'xstate';
import { blockMachine, type BlockEvent, type BlockState } from './block-machine.ts';
import { frameMachine, type FrameEvent, type FrameState } from './frame-machine.ts';
import { pressureEvents, pressureMachine, type PressureEvent } from './pressure-machine.ts';
import type { PressureLevel, Watermarks } from '../spec/contract.ts';

/** Number of a state that a machine does not move to. */
export const refused = -1;

/**
 * A component machine as a table. xstate takes about 5 µs a transition, so the machine runs once for each pair of state and event, when
 * it is first asked for, and the answer is kept.
 */
export class Component<State extends string, Event extends string> {
  readonly name: string;
  readonly machine: AnyStateMachine;
  readonly states: readonly State[];
  readonly events: readonly Event[];
  /** Next state by state × events + event; undefined: not asked yet. */
  readonly #next: (number | undefined)[] = [];

  constructor(machine: AnyStateMachine) {
    this.name = machine.id;
    this.machine = machine;
    this.states = Object.keys(machine.states) as State[];
    this.events = [...machine.events].sort() as Event[];
  }

  state(name: State): number {
    return this.states.indexOf(name);
  }

  event(name: Event): number {
    const event = this.events.indexOf(name);
    if (event < 0) throw new Error(`${this.name} has no event ${name}`);
    return event;
  }

  /** The next state, or {@link refused}. */
  next(state: number, event: number): number {
    return (this.#next[state * this.events.length + event] ??= this.#ask(state, event));
  }

  label(state: number, event: number): string {
    return `${this.name}: ${this.states[state]} ─${this.events[event]}→ ${this.states[this.next(state, event)]}`;
  }

  #ask(state: number, event: number): number {
    const snapshot = this.machine.resolveState({ value: this.states[state] as string, context: {} }) as AnyMachineSnapshot;
    const type = { type: this.events[event] as string };
    return snapshot.can(type) ? this.states.indexOf(getNextSnapshot(this.machine, snapshot, type).value as State) : refused;
  }
}

export const frames = new Component<FrameState, FrameEvent['type']>(frameMachine);
export const blocks = new Component<BlockState, BlockEvent['type']>(blockMachine);
export const pressures = new Component<PressureLevel, PressureEvent['type']>(pressureMachine);

/** The level after a count was reached, and each single move to the listener. */
export function pressureAfter(level: PressureLevel, framesFree: number, marks: Watermarks, moved?: (state: number, event: number) => void): PressureLevel {
  let state = pressures.state(level);
  for (const type of pressureEvents(framesFree, marks)) {
    const event = pressures.event(type);
    const next = pressures.next(state, event);
    if (next === refused) continue; // a mark that was passed before
    moved?.(state, event);
    state = next;
  }
  return pressures.states[state] as PressureLevel;
}
