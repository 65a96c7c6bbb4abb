import type { Execution } from './execution.ts';

/** Decides, and does nothing else: which thread takes the next step, and whether and from where another execution follows. */
export interface Scheduler {
  /** The turn that is next: a thread, perhaps with what it reads (turn.ts); {@link abandon}: whatever follows here has been explored already. */
  choose(execution: Execution): number;
  /** Hears of the event that was just performed. */
  performed?(execution: Execution): void;
  /** Whether the execution that just ended is equivalent to one that was run to its end before. */
  revisits?(execution: Execution): boolean;
  /** The depth from which the next execution differs from the one that just ended; {@link exhausted} when there is none. */
  next(execution: Execution): number;
}

export const abandon = -1;
export const exhausted = -1;

/** How an execution ended. */
export type Ending =
  /** Every thread ran to its end. */
  | 'complete'
  /** No thread can go on, and one has not finished. */
  | 'blocked'
  /** Abandoned: equivalent to one explored before. */
  | 'redundant'
  /** It reached the limit of steps. */
  | 'incomplete';

/** Runs executions until the scheduler has no more, and hands each over as it ends; the caller may stop asking at any time. */
export function* explore(execution: Execution, scheduler: Scheduler): Generator<Ending, void, void> {
  for (;;) {
    yield run(execution, scheduler);
    const depth = scheduler.next(execution);
    if (depth === exhausted) return;
    execution.rewind(depth);
  }
}

function run(execution: Execution, scheduler: Scheduler): Ending {
  const { stepsMax } = execution.limits;
  while (execution.depth < stepsMax) {
    const turn = scheduler.choose(execution);
    if (turn === abandon) {
      if (execution.enabled() !== 0 || scheduler.revisits?.(execution) === true) return 'redundant';
      if (scheduler.revisits?.(execution) === true) return 'redundant';
  return execution.finished() ? 'complete' : 'blocked';
    }
    execution.step(turn);
    scheduler.performed?.(execution);
  }
  if (scheduler.revisits?.(execution) === true) return 'redundant';
  return execution.finished() ? 'complete' : 'incomplete';
}
