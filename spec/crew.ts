import type { Frontier } from './frontier.ts';
import type { Slice, Task } from './slice.ts';

/** Threads that explore. */
export interface Crew {
  /** How many more tasks it can use now. */
  wanted(): number;
  give(tasks: readonly { readonly ticket: number; readonly task: Task }[]): void;
  /** What was done since this was last asked. */
  collect(): { readonly ticket: number; readonly slice: Slice }[];
  /** Whether tasks under way are to be stopped. */
  halt(stopped: boolean): void;
}

/** Gives the crew what it can use; says whether there was anything. */
export function handOut(frontier: Frontier, crew: Crew): boolean {
  const tasks = [];
  for (let wanted = crew.wanted(); wanted > 0; wanted--) {
    const next = frontier.take();
    if (next === undefined) break;
    tasks.push(next);
  }
  if (tasks.length > 0) crew.give(tasks);
  return tasks.length > 0;
}
