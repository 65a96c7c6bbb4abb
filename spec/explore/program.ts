import type { Coroutine } from './access.ts';

/** A variable that no operation has bound yet. */
export const unbound = -0x8000_0000;

/** What an invocation waits for instead of a variable: nothing, or (below that) that a thread has crashed. */
export const waitsForNothing = -1;
export const crashOf = (thread: number): number => -2 - thread;
export const crashedThread = (variable: number): number => -2 - variable;

/**
 * What an execution runs: a few threads over shared memory. A scenario on a subject is one, a litmus program is another; the explorer
 * knows no difference.
 */
export interface Program {
  readonly threads: number;
  /** Values that operations hand to later ones (an allocated frame), by variable; {@link unbound} until its operation returns. */
  readonly variables: Int32Array;
  /** A new coroutine of a thread, at its very beginning. Same values in, same requests out. */
  start(thread: number): Coroutine;
  /** What each thread's coroutine was resumed with before its first event (its set-up), so that it can be run up to there again. */
  readonly setup: readonly (readonly number[])[];
}
