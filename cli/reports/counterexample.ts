import { invariants } from '../../spec/invariants.ts';
import type { Counterexample, StateRow, TraceStep, ViolationReport } from '../../spec/report.ts';
import type { Paint } from '../terminal.ts';

/** A violation as a person reads it: what broke, the interleaving in one column a thread, the state, and how to run it again. */
export function violationText(violation: ViolationReport, paint: Paint): string {
  const { invariant, layer, message, counterexample, shrink, alsoBroken, replay } = violation;
  const known = invariants.find(({ id }) => id === invariant);
  const { from } = shrink;
  const lines = [
    `${paint('red', paint('bold', ` VIOLATION ${invariant} ${known?.title ?? ''}`))}   layer: ${layer}`,
    ` ${known?.statement ?? ''}`,
    ` ${paint('bold', message)}`,
    '',
    ...(counterexample.scenario === '' ? [' found on threads that ran freely: no schedule; the calls that show it:'] : [
    ` scenario   ${counterexample.scenario}`,
    ` schedule   ${counterexample.schedule === '' ? '(sequential)' : counterexample.schedule}`,
    ` shrunk     ${from.commands} → ${counterexample.commands} commands · ${from.steps} → ${counterexample.steps} steps · ${from.preemptions} → ${counterexample.preemptions} preemptions · ${
      shrink.tried === 0 ? 'not shrunk' : shrink.minimal ? `minimal (${shrink.tried} reductions tried)` : `${shrink.tried} reductions tried`
    }`]),
    '',
    ...traceText(counterexample, violation.step, invariant, paint),
    ...(counterexample.state.length === 0 ? [] : ['', ...stateText(counterexample.state, paint)]),
    '',
    ...(alsoBroken.length === 0 ? [] : [` also broken   ${alsoBroken.join(' · ')}`]),
    ` replay        ${paint('cyan', replay)}`,
    ` explain       frameproof invariants ${invariant}`,
  ];
  return lines.join('\n');
}

/** The steps of a counterexample, one column a thread, where each acts, and a mark where it shows. */
export function traceText({ trace, stops }: Pick<Counterexample, 'trace' | 'stops'>, wrong: number | null, invariant: string, paint: Paint): string[] {
  if (trace.length === 0) return [' (no thread ran: the prefix shows it, or what is asked alone at the end)'];
  const threads = [...new Set(trace.map(({ thread }) => thread))].sort();
  const cells = new Map<string, string>();
  for (const { cell } of trace) if (cell !== '' && !cells.has(cell)) cells.set(cell, `[${cells.size}]`);
  const texts = trace.map((step) => stepText(step, cells));
  const widths = threads.map((thread) => Math.max(10, ...trace.map((step, at) => (step.thread === thread ? (texts[at] as string).length : 0))) + 2);
  const header = threads.map((thread, column) => thread.padEnd(widths[column] as number)).join('');
  const lines = [`      ${header}source`];
  trace.forEach((step, at) => {
    const previous = trace[at - 1];
    const column = threads.indexOf(step.thread);
    if (previous !== undefined && previous.thread !== step.thread && previous.access !== 'return' && !stops.includes(previous.step)) {
      const next = trace.slice(at).find(({ thread }) => thread === previous.thread)?.access;
      const how = next === 'pause' || next === 'wake' || previous.note.endsWith('sleeps') ? 'waits' : 'preempted';
      lines.push(paint('dim', `      ${' '.repeat(offset(widths, threads.indexOf(previous.thread)))}── ${how} ──`));
    }
    const before = ' '.repeat(offset(widths, column));
    const body = (texts[at] as string).padEnd(offset(widths, threads.length) - offset(widths, column));
    const place = step.file === '' ? step.note : `${step.file}:${step.line}`;
    const mark = wrong === step.step ? paint('red', `  ✗ ${invariant}`) : '';
    lines.push(` ${String(step.step).padStart(3)}  ${before}${body}${paint('dim', place)}${mark}`);
    if (stops.includes(step.step)) lines.push(paint('red', `      ${before}✝ stops for ever`));
  });
  if (cells.size > 0) lines.push('', paint('dim', `      cells: ${[...cells].map(([cell, name]) => `${name} buffer ${cell.replace(':', ' byte ')}`).join(' · ')}`));
  lines.push(...sources(trace, wrong, paint));
  return lines;
}

const offset = (widths: readonly number[], columns: number): number => widths.slice(0, columns).reduce((sum, width) => sum + width, 0);

const short: Readonly<Record<string, string>> = { compareExchange: 'cas' };

function stepText({ access, cell, before, after, operation, note }: TraceStep, cells: ReadonlyMap<string, string>): string {
  if (access === 'invoke') return `┌ ${operation}`;
  if (access === 'return') return `└ ${after === null ? 'threw' : after}`;
  if (access === 'pause' || access === 'wake') return access === 'wake' ? note : `pause ${note}`;
  if (access === 'wait' || access === 'notify') return `${access.padEnd(5)} ${cells.get(cell) ?? ''} ${note}`;
  const name = `${(short[access] ?? access).padEnd(5)} ${cells.get(cell) ?? ''}`;
  if (access === 'compareExchange') return `${name} ${hex(before)} ${before === after ? 'refused' : `⇒ ${hex(after)}`}`;
  return access === 'load' || access === 'peek' || access === 'read' ? `${name} → ${hex(before)}${note === '' ? '' : ` (${note})`}` : `${name} ${hex(before)} ⇒ ${hex(after)}`;
}

/** Small numbers as they are, bit patterns in hexadecimal. */
const hex = (value: number | null): string => (value === null ? '' : Math.abs(value) < 1024 ? String(value) : `0x${(value >>> 0).toString(16)}`);

/** The lines that acted last in each thread before it showed: where to look. */
function sources(trace: readonly TraceStep[], wrong: number | null, paint: Paint): string[] {
  const until = wrong === null ? trace : trace.slice(0, wrong);
  const wrote = until.filter(({ file, before, after }) => file !== '' && before !== after).slice(-4);
  if (wrote.length === 0) return [];
  const seen = new Set<string>();
  const lines = wrote.flatMap(({ file, line, text, step }) => {
    const place = `${file}:${line}`;
    if (seen.has(place)) return [];
    seen.add(place);
    return [`   ${paint('dim', place.padEnd(28))} │ ${text}   ${paint('dim', `(step ${step})`)}`];
  });
  return ['', ...lines];
}

function stateText(rows: readonly StateRow[], paint: Paint): string[] {
  const width = Math.max(14, ...rows.map(({ model }) => model.length + 2));
  return [`   ${' '.repeat(14)}${'model'.padEnd(width)}implementation`, ...rows.map(({ what, model, implementation, differs }) => `   ${what.padEnd(14)}${model.padEnd(width)}${implementation}${differs ? paint('red', '   ✗') : ''}`)];
}

export const replayHeading = ({ scenario, schedule }: Counterexample): string => ` scenario   ${scenario}\n schedule   ${schedule}`;
