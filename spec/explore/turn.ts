/**
 * A turn: the thread that takes a step and, if the step is a hint read that gives an older write, the number of that write among those of
 * its cell (0: the value before the first). One number, so that a thread is the turn in which it reads what was written last.
 */
export const turnOf = (thread: number, write: number): number => thread + (write + 1) * 32;
export const threadOf = (turn: number): number => turn & 31;
/** The write that a stale read gives, or −1: the last one. */
export const writeOf = (turn: number): number => (turn >> 5) - 1;
