import type { Frontier, Slice, Task, Work } from './frontier.ts';

/** Threads that explore. */
export interface Crew<W extends Work, S extends Slice> {
  /** How many more tasks it can use now. */
  wanted(): number;
  give(tasks: readonly { readonly ticket: number; readonly task: Task<W> }[]): void;
  /** What was done since this was last asked. */
  collect(): { readonly ticket: number; readonly slice: S }[];
  /** Whether tasks under way are to be stopped. */
  halt(stopped: boolean): void;
}

/** Gives the crew what it can use; says whether there was anything. */
export function handOut<W extends Work, S extends Slice>(frontier: Frontier<W, S>, crew: Crew<W, S>): boolean {
  const tasks = [];
  for (let wanted = crew.wanted(); wanted > 0; wanted--) {
    const next = frontier.take();
    if (next === undefined) break;
    tasks.push(next);
  }
  if (tasks.length > 0) crew.give(tasks);
  return tasks.length > 0;
}
