import { setup } from 'xstate';
import type { PressureLevel, Watermarks } from '../spec/contract.ts';

type Mark = 'low' | 'min' | 'critical';
export type PressureEvent = { readonly type: `fell.${Mark}` | `rose.${Mark}` };

/** Pressure of a zone: one level at a time, down under a mark, up only at the mark plus the gap. */
export const pressureMachine = setup({ types: { events: {} as PressureEvent } }).createMachine({
  id: 'pressure',
  initial: 'ok',
  states: {
    ok: { on: { 'fell.low': 'low' } },
    low: { on: { 'fell.min': 'min', 'rose.low': 'ok' } },
    min: { on: { 'fell.critical': 'critical', 'rose.min': 'low' } },
    critical: { on: { 'rose.critical': 'min' } },
  },
});

/** What a count of free frames says of each mark, in an order in which a fall or a rise through several levels can be taken. */
export function pressureEvents(framesFree: number, marks: Watermarks): PressureEvent['type'][] {
  const names = ['low', 'min', 'critical'] as const;
  const fell = names.filter((mark) => framesFree < marks[mark]).map((mark) => `fell.${mark}` as const);
  const rose = names.filter((mark) => framesFree >= marks[mark] + marks.gap).map((mark) => `rose.${mark}` as const);
  return [...fell, ...rose.reverse()];
}

export const pressureLevels: readonly PressureLevel[] = ['ok', 'low', 'min', 'critical'];
