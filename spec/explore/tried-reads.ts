import type { Execution } from './execution.ts';
import { turnOf } from './turn.ts';

/** Which reads a depth-first search has tried at the nodes of its path. A thread is done at a node when all of its reads were tried. */
export class TriedReads {
  readonly #writes: (readonly number[])[] = [];
  readonly #tried: number[] = [];
  /** The thread that has another read to try at the deepest node, or −1. */
  again = -1;

  /** The turn of a thread chosen at the node where the execution is. */
  turn(execution: Execution, thread: number): number {
    const at = execution.depth;
    if (this.again !== thread) this.begin(at, execution.staleWrites(thread), -1);
    this.again = -1;
    const tried = this.#tried[at] as number;
    return tried === 0 ? thread : turnOf(thread, (this.#writes[at] as readonly number[])[tried - 1] as number);
  }

  /** Notes the reads at a node, of which those up to `write` were tried; −1: the last write alone. */
  begin(at: number, writes: readonly number[], write: number): void {
    this.#writes[at] = writes;
    this.#tried[at] = writes.indexOf(write) + 1;
  }

  /** Goes on at a node where some reads of a thread were tried. */
  resume(at: number, writes: readonly number[], { thread, tried }: { readonly thread: number; readonly tried: number }): void {
    this.#writes[at] = writes;
    this.#tried[at] = tried;
    this.again = thread;
  }

  /** Whether the thread that took the step at a node has another read to try there; if so, that is next. */
  next(execution: Execution, at: number): boolean {
    const tried = this.#tried[at] as number;
    if (tried >= (this.#writes[at] as readonly number[]).length) return false;
    this.#tried[at] = tried + 1;
    this.again = execution.thread[at] as number;
    return true;
  }

  /** The first node of the path up to `end` where a read is left to try; `end` if there is none. */
  firstOpen(end: number): number {
    let at = 0;
    while (at < end && (this.#tried[at] as number) >= (this.#writes[at] as readonly number[]).length) at++;
    return at;
  }

  /** Reads that were tried at a node before the one that is next there. */
  tried(at: number): number {
    return this.#tried[at] as number;
  }
}
