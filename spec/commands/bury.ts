import { threadName } from '../decision.ts';
import type { BuryCommand, CommandEntry } from './command.ts';

/** Never generated: a crash brings it along. */
export const bury: CommandEntry<BuryCommand> = {
  name: 'bury',
  needs: (features) => features.crash === true,
  enumerate: () => [],
  arbitrary: () => undefined,
  waitsFor: () => undefined,
  waitsForCrash: ({ dead }) => dead,
  binds: () => undefined,
  run: (handle, { dead }) => handle.bury?.(dead),
  operation: () => undefined,
  print: ({ dead }) => `bury(${threadName(dead)})`,
  shrink: () => [],
};
