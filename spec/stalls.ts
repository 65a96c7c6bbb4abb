import { threadName } from './decision.ts';
import { isMemory, onlyReads, Op } from './explore/access.ts';
import { ThreadState, type Execution } from './explore/execution.ts';
import type { Site } from './explore/sites.ts';
import { roundsMax } from './explore/waiting.ts';
import { finding, type Finding } from './invariants.ts';

/** Judges executions in which not everybody has finished: who waits for what, and whether it can still come. */

/** Nobody can go on, and some have not finished: a lost wake-up if what a sleeper waits for has happened, else a deadlock. */
export function judgeBlocked(execution: Execution, sites: readonly Site[]): Finding {
  const blocked = threadsOf(execution).filter((thread) => execution.state[thread] !== ThreadState.finished);
  const lost = blocked.flatMap((thread) => lostWakeUp(execution, sites, thread) ?? []);
  const waits = blocked.map((thread) => waitsFor(execution, sites, thread)).join('; ');
  if (lost.length > 0) return finding('FP-PRG-3', `${lost.join('; ')}; ${waits}`, execution.depth - 1);
  const one = blocked.length === 1;
  return finding('FP-PRG-2', `${listed(blocked.map(threadName))} ${one ? 'waits' : 'wait'} for a change that nobody is left to make: ${waits}`, execution.depth - 1);
}

/** An execution that was cut off. */
export function judgeEndless(execution: Execution, sites: readonly Site[], stepsMax: number): Finding | undefined {
  return endless(execution, sites, stepsMax) ?? livelock(execution, sites, stepsMax);
}

/** An operation that went on for half of it with nobody in the middle of another one never ends. */
function endless(execution: Execution, sites: readonly Site[], stepsMax: number): Finding | undefined {
  const last = execution.thread[execution.depth - 1] as number;
  let steps = 0;
  for (let at = execution.depth - 1; at >= 0 && execution.thread[at] === last && execution.op[at] !== Op.invoke; at--) steps++;
  if (2 * steps < stepsMax) return undefined;
  const within = threadsOf(execution).map(() => false);
  for (let at = 0; at < execution.depth; at++) {
    if (execution.op[at] === Op.invoke) within[execution.thread[at] as number] = (execution.value[at] as number) >= 0;
    else if (execution.op[at] === Op.return) within[execution.thread[at] as number] = false;
  }
  if (within.some((inside, thread) => inside && thread !== last)) return undefined;
  const spin = unmarkedSpin(execution, sites);
  return finding('FP-PRG-1', `an operation of ${threadName(last)} does not end: ${steps} accesses with nobody in the middle of another one${spin === undefined ? '' : `; ${spin}`}`, execution.depth - 1);
}

/** Several threads took turns for half of the execution, and not one operation returned; whoever could go on did. */
function livelock(execution: Execution, sites: readonly Site[], stepsMax: number): Finding | undefined {
  const from = execution.depth - (stepsMax >> 1);
  const quarter = stepsMax >> 2;
  const steps = [0, 1].map(() => threadsOf(execution).map(() => 0));
  for (let at = execution.depth - 1; at >= from; at--) {
    if (execution.op[at] === Op.return || execution.op[at] === Op.invoke) return undefined;
    const half = steps[at - from < quarter ? 0 : 1] as number[];
    half[execution.thread[at] as number] = (half[execution.thread[at] as number] as number) + 1;
  }
  const busy = threadsOf(execution).filter((thread) => steps.every((half) => (half[thread] as number) >= 8));
  const isIdle = (thread: number): boolean => steps.every((half) => half[thread] === 0) && !execution.canStep(thread);
  if (busy.length < 2 || !threadsOf(execution).every((thread) => busy.includes(thread) || isIdle(thread))) return undefined;
  const where = busy.map((thread) => `${threadName(thread)} around ${placeAt(execution, sites, execution.last[thread] as number)}`).join(', ');
  return finding('FP-PRG-4', `${listed(busy.map(threadName))} keep each other busy: ${stepsMax >> 1} steps in which everybody who could go on did, and no operation ended (${where})`, execution.depth - 1);
}

/** If the thread that was cut off reads the same again and again and changes nothing: where, and what to do. */
export function unmarkedSpin(execution: Execution, sites: readonly Site[]): string | undefined {
  const last = execution.thread[execution.depth - 1] as number;
  const tail = execution.limits.stepsMax >> 2;
  const places = new Set<number>();
  for (let at = execution.depth - 1; at >= execution.depth - tail; at--) {
    const changed = execution.wrote[at] === 1 && execution.before[at] !== execution.after[at];
    if (at < 0 || execution.thread[at] !== last || !isMemory(execution.op[at] as number) || changed) return undefined;
    places.add(execution.site[at] as number);
    if (places.size > 8) return undefined;
  }
  const site = sites[Math.min(...places)];
  if (site === undefined) return undefined;
  return `the loop at ${site.file}:${site.line} (${site.text}) reads the same again and again without a pause: call Atomics.pause() in each round, and it waits for a change instead of being unrolled`;
}

/** Why a sleeper should be awake, or undefined. */
function lostWakeUp(execution: Execution, sites: readonly Site[], thread: number): string | undefined {
  if (execution.nextOp[thread] !== Op.wake) return undefined;
  const slept = execution.last[thread] as number;
  const cell = (execution.watched[slept] as readonly number[])[0] as number;
  const list = execution.cell[slept] as number;
  const value = execution.view[slept]?.[execution.index[slept] as number];
  const change = lastChange(execution, cell);
  const name = threadName(thread);
  if (value !== execution.expected[slept] && change > slept) {
    const notified = lastNotify(execution, list, (at) => at > slept);
    const missed = notified < 0 ? 'no notify came after it' : `the notify of step ${notified + 1} (${placeAt(execution, sites, notified)}) woke somebody else`;
    return `a lost wake-up: ${byAt(execution, sites, change)} changed the word on which ${name} sleeps from ${String(execution.expected[slept])} to ${String(value)}, and ${missed}`;
  }
  const began = roundBefore(execution, thread, slept);
  const early = lastNotify(execution, list, (at) => at > began && at < slept && execution.thread[at] !== thread && execution.value[at] === 0);
  if (early < 0 || (change > early && execution.thread[change] !== thread)) return undefined;
  return `a lost wake-up: ${byAt(execution, sites, early)} notified before ${name} fell asleep (step ${slept + 1}, ${placeAt(execution, sites, slept)}), and nobody notifies again`;
}

/** What an unfinished thread waits for, and who changed it last. */
function waitsFor(execution: Execution, sites: readonly Site[], thread: number): string {
  const name = threadName(thread);
  const op = execution.nextOp[thread];
  if (op === Op.invoke) return `${name} waits for a run that another thread has not allocated`;
  const place = placeOf(sites, execution.nextSite[thread] as number);
  if (op === Op.wake) {
    const slept = execution.last[thread] as number;
    const cell = (execution.watched[slept] as readonly number[])[0] as number;
    const timesOut = execution.waiting.canBeReleased(thread) ? `, and times out in vain (${roundsMax} rounds)` : ' until somebody notifies';
    return `${name} sleeps at ${place}${timesOut}, on a word that ${whoChanged(execution, sites, cell)}`;
  }
  if (op !== Op.pause) return `${name} stands still at ${place}`;
  const watched = execution.waiting.watched[thread] ?? [];
  const words = watched.slice(0, 3).map((cell) => `a word that ${whoChanged(execution, sites, cell)}`).join(', ');
  return `${name} spins at ${place} on ${words === '' ? 'nothing that it reads' : words}`;
}

function whoChanged(execution: Execution, sites: readonly Site[], cell: number): string {
  const change = lastChange(execution, cell);
  return change < 0 ? 'nobody has changed since the start' : `${byAt(execution, sites, change)} changed last`;
}

/** What a waiting step did, for a trace; empty for others. */
export function waitingNote(execution: Execution, at: number): string {
  switch (execution.op[at]) {
    case Op.pause:
      return execution.released[at] === 1 ? 'nobody else can go on' : `until step ${changeFor(execution, at) + 1}`;
    case Op.wait:
      return execution.value[at] === 1 ? `= ${execution.expected[at]}: sleeps` : `≠ ${execution.expected[at]}: not-equal`;
    case Op.wake:
      return execution.value[at] === 1 ? `timed out${execution.released[at] === 1 ? ', nobody else can go on' : ''}` : `woken by step ${(execution.waker[at] as number) + 1}`;
    case Op.notify: {
      const woken: string[] = [];
      for (let later = at + 1; later < execution.depth; later++) if (execution.op[later] === Op.wake && execution.value[later] === 0 && execution.waker[later] === at) woken.push(threadName(execution.thread[later] as number));
      threadsOf(execution).forEach((thread) => {
        if (execution.waiting.wokenBy[thread] === at) woken.push(threadName(thread));
      });
      return woken.length === 0 ? '→ nobody' : `→ wakes ${woken.join(', ')}`;
    }
    default:
      return '';
  }
}

/** The first change, by somebody else, of what a pause waited for. */
function changeFor(execution: Execution, pause: number): number {
  const thread = execution.thread[pause] as number;
  const watched = execution.watched[pause] ?? [];
  for (let at = roundBefore(execution, thread, pause) + 1; at < pause; at++) {
    if (execution.thread[at] !== thread && isChange(execution, at) && watched.includes(execution.cell[at] as number)) return at;
  }
  return pause - 1;
}

const threadsOf = ({ threads }: Execution): number[] => Array.from({ length: threads }, (_, thread) => thread);

const isChange = (execution: Execution, at: number): boolean => {
  const op = execution.op[at] as number;
  return isMemory(op) && !onlyReads(op) && execution.wrote[at] === 1 && execution.before[at] !== execution.after[at];
};

function lastChange(execution: Execution, cell: number): number {
  for (let at = execution.depth - 1; at >= 0; at--) if (execution.cell[at] === cell && isChange(execution, at)) return at;
  return -1;
}

function lastNotify(execution: Execution, list: number, fits: (at: number) => boolean): number {
  for (let at = execution.depth - 1; at >= 0; at--) if (execution.op[at] === Op.notify && execution.cell[at] === list && fits(at)) return at;
  return -1;
}

/** Where the round of waiting before `at` began. */
function roundBefore(execution: Execution, thread: number, at: number): number {
  for (let earlier = at - 1; earlier >= 0; earlier--) {
    const op = execution.op[earlier];
    if (execution.thread[earlier] === thread && (op === Op.pause || op === Op.wake || op === Op.invoke)) return earlier;
  }
  return -1;
}

function placeOf(sites: readonly Site[], site: number): string {
  const found = sites[site];
  return found === undefined ? 'an unknown place' : `${found.file}:${found.line}`;
}

const placeAt = (execution: Execution, sites: readonly Site[], at: number): string => placeOf(sites, execution.site[at] as number);
const byAt = (execution: Execution, sites: readonly Site[], at: number): string => `${threadName(execution.thread[at] as number)} (step ${at + 1}, ${placeAt(execution, sites, at)})`;
const listed = (names: readonly string[]): string => (names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) as string}`);
