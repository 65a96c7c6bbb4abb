import fc from 'fast-check';
import type { Features } from '../contract.ts';
import type { AllocateCommand, CommandEntry, Surroundings } from './command.ts';

/** Counts that make sense for a subject: 1 only, powers of two, or all. */
export function counts({ contiguous, orders }: Features, countMax: number): number[] {
  const all = Array.from({ length: contiguous === true ? countMax : 1 }, (_, at) => at + 1);
  return orders === true ? all.filter((count) => (count & (count - 1)) === 0) : all;
}

export const allocate: CommandEntry<AllocateCommand> = {
  name: 'allocate',
  needs: () => true,
  enumerate: ({ features, countMax, wrongCounts }, variable) => [...counts(features, countMax), ...wrongCounts].map((count) => ({ name: 'allocate', count, variable })),
  arbitrary: (around: Surroundings, variable) =>
    fc.constantFrom(...counts(around.features, around.countMax)).map((count) => ({ name: 'allocate', count, variable })),
  waitsFor: () => undefined,
  binds: (command) => command.variable,
  run: (handle, command) => handle.allocate(command.count),
  operation: (command, worker) => ({ op: 'allocate', worker, count: command.count }),
  print: (command, named) => {
    const name = named(command.variable);
    return `${name === undefined ? '' : `${name}=`}allocate(${command.count})`;
  },
  shrink: (command) => [1, command.count >> 1, command.count - 1].filter((count, at, all) => count >= 1 && count < command.count && all.indexOf(count) === at).map((count) => ({ ...command, count })),
};
