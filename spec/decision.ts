import { threadOf, writeOf } from './explore/turn.ts';

/** What a scheduler decides at one step. Every saved schedule is a list of these, so the type is closed. */
export type Decision =
  | { readonly kind: 'run'; readonly thread: number }
  /** The thread never takes another step. */
  | { readonly kind: 'crash'; readonly thread: number }
  /** The thread's hint read gives the value of its cell's write number `write` (0: the initial value). */
  | { readonly kind: 'read'; readonly thread: number; readonly write: number }
  /** The thread's wait ends without having been notified. */
  | { readonly kind: 'timeout'; readonly thread: number };

/** Turns as decisions: which of them are timeouts, and the crash of those that stop for ever after so many own steps. */
export function scheduleOf(turns: readonly number[], isTimeout: (at: number) => boolean, crashes: readonly { readonly thread: number; readonly steps: number }[] = []): Decision[] {
  const taken = new Map<number, number>();
  return turns.flatMap((turn, at): Decision[] => {
    const thread = threadOf(turn);
    const write = writeOf(turn);
    const steps = (taken.get(thread) ?? 0) + 1;
    taken.set(thread, steps);
    const dies = crashes.some((crash) => crash.thread === thread && crash.steps === steps);
    const step: Decision = write >= 0 ? { kind: 'read', thread, write } : { kind: isTimeout(at) ? 'timeout' : 'run', thread };
    return [step, ...(dies ? [{ kind: 'crash' as const, thread }] : [])];
  });
}

export const threadName = (thread: number): string => String.fromCharCode(65 + thread);

/** `A2B3A1`: runs of steps by thread; `A!` a crash, `A?2` a hint read that gives write 2, `A~` a timeout. */
export function printSchedule(decisions: readonly Decision[]): string {
  let out = '';
  for (let at = 0; at < decisions.length; ) {
    const decision = decisions[at] as Decision;
    const name = threadName(decision.thread);
    if (decision.kind === 'run') {
      let end = at;
      while (end < decisions.length && decisions[end]?.kind === 'run' && decisions[end]?.thread === decision.thread) end++;
      out += `${name}${end - at}`;
      at = end;
      continue;
    }
    out += decision.kind === 'crash' ? `${name}!` : decision.kind === 'timeout' ? `${name}~` : `${name}?${decision.write}`;
    at++;
  }
  return out;
}

/** Reads {@link printSchedule}'s text; a message instead of decisions says what is wrong. */
export function parseSchedule(text: string): Decision[] | string {
  const decisions: Decision[] = [];
  const token = /([A-Z])(?:([0-9]+)|(!)|(~)|\?([0-9]+))/gy;
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (match === null) return `not a schedule at character ${at + 1}: '${text.slice(at)}' (expected runs such as A2B3)`;
    const thread = (match[1] as string).charCodeAt(0) - 65;
    if (match[2] !== undefined) {
      if (Number(match[2]) > 100_000) return `${match[2]} steps in a row are more than any schedule has`;
      for (let step = 0; step < Number(match[2]); step++) decisions.push({ kind: 'run', thread });
    } else if (match[3] !== undefined) decisions.push({ kind: 'crash', thread });
    else if (match[4] !== undefined) decisions.push({ kind: 'timeout', thread });
    else decisions.push({ kind: 'read', thread, write: Number(match[5]) });
  }
  return decisions;
}
