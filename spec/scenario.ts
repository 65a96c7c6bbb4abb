import { entryOf, type AllocateCommand, type Command, type Variable } from './commands/index.ts';
import type { Geometry } from './contract.ts';

/** A command of the sequential prefix and the worker that runs it. */
export interface PrefixCommand {
  readonly worker: number;
  readonly command: Command;
}

/**
 * What is asked of an allocator: a geometry, a sequential prefix, and threads of commands that run concurrently. At the end probes ask
 * for the largest runs that the model says are there; they follow from the state and are not part of the scenario.
 */
export interface Scenario {
  readonly geometry: Geometry;
  readonly prefix: readonly PrefixCommand[];
  readonly threads: readonly (readonly Command[])[];
}

/** All commands, in the order in which they are written. */
export function commandsOf(scenario: Scenario): Command[] {
  return [...scenario.prefix.map(({ command }) => command), ...scenario.threads.flat()];
}

export const commandCount = (scenario: Scenario): number => scenario.prefix.length + scenario.threads.reduce((sum, commands) => sum + commands.length, 0);

/** How many frames the run of a variable has. */
export function countsOf(scenario: Scenario): (variable: Variable) => number {
  const counts = new Map(commandsOf(scenario).filter((command): command is AllocateCommand => command.name === 'allocate').map(({ variable, count }) => [variable, count]));
  return (variable) => counts.get(variable) ?? 1;
}

/** Why a scenario can never run to its end: it refers to a run that nobody allocates, or threads wait for each other. */
export function whyImpossible(scenario: Scenario): string | undefined {
  const bound = new Set<Variable>();
  const all = new Set(commandsOf(scenario).flatMap((command) => entryOf(command).binds(command) ?? []));
  const blocked = (command: Command): boolean => {
    const variable = entryOf(command).waitsFor(command);
    return variable !== undefined && !bound.has(variable);
  };
  const pass = (command: Command): void => {
    const variable = entryOf(command).binds(command);
    if (variable !== undefined) bound.add(variable);
  };
  for (const command of commandsOf(scenario)) {
    const variable = entryOf(command).waitsFor(command);
    if (variable !== undefined && !all.has(variable)) return 'frees a run that nothing allocates';
  }
  for (const { command } of scenario.prefix) {
    if (blocked(command)) return 'the prefix frees a run before it is allocated';
    pass(command);
  }
  const next = scenario.threads.map(() => 0);
  for (let moved = true; moved; ) {
    moved = false;
    scenario.threads.forEach((commands, thread) => {
      const command = commands[next[thread] as number];
      if (command === undefined || blocked(command)) return;
      pass(command);
      next[thread] = (next[thread] as number) + 1;
      moved = true;
    });
  }
  return scenario.threads.every((commands, thread) => next[thread] === commands.length) ? undefined : 'threads wait for runs of each other in a circle';
}

/** The same scenario with variables numbered by order of appearance, so that equal scenarios are equal values. */
export function renumbered(scenario: Scenario): Scenario {
  const names = new Map<Variable, Variable>();
  for (const command of commandsOf(scenario)) {
    const variable = entryOf(command).binds(command);
    if (variable !== undefined && !names.has(variable)) names.set(variable, names.size);
  }
  const rename = (command: Command): Command => {
    if (command.name === 'allocate') return { ...command, variable: names.get(command.variable) as number };
    if (command.name === 'bury') return command;
    const { target } = command;
    return 'variable' in target ? { ...command, target: { ...target, variable: names.get(target.variable) ?? -1 } } : command;
  };
  return {
    geometry: scenario.geometry,
    prefix: scenario.prefix.map(({ worker, command }) => ({ worker, command: rename(command) })),
    threads: scenario.threads.map((commands) => commands.map(rename)),
  };
}
