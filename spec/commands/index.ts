import { allocate } from './allocate.ts';
import { bury } from './bury.ts';
import type { Command, CommandEntry } from './command.ts';
import { free } from './free.ts';

export type { AllocateCommand, BuryCommand, Command, CommandEntry, FreeCommand, Surroundings, Variable } from './command.ts';

export const entries = { allocate, free, bury } as const;

/** The entry of a command. */
export function entryOf<C extends Command>(command: C): CommandEntry<C> {
  return entries[command.name] as unknown as CommandEntry<C>;
}
