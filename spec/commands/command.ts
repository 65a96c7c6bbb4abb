import type * as fc from 'fast-check';
import type { Features, Handle } from '../contract.ts';
import type { Operation } from '../../model/index.ts';

/** A run that an earlier allocate of the scenario got: the number of its variable, by order of appearance. */
export type Variable = number;

export interface AllocateCommand {
  readonly name: 'allocate';
  readonly count: number;
  /** Bound to the frame when it returns. */
  readonly variable: Variable;
}

export interface FreeCommand {
  readonly name: 'free';
  /** What is freed: the run of a variable (of any thread: the invocation waits for it), or frames by number. */
  readonly target: { readonly variable: Variable; readonly offset: number } | { readonly frame: number };
  /** Frames to free; the whole run that the variable stands for if left out. */
  readonly count?: number;
}

/** A worker is declared dead: called by another one once its thread has crashed. */
export interface BuryCommand {
  readonly name: 'bury';
  readonly dead: number;
}

/** One request to a handle. Zones, nodes, drains are further members, each with an entry of its own. */
export type Command = AllocateCommand | FreeCommand | BuryCommand;

/** What a command may refer to where it stands. */
export interface Surroundings {
  readonly features: Features;
  readonly countMax: number;
  readonly firstFrame: number;
  readonly frames: number;
  /** Whether every kind of wrong request is enumerated. */
  readonly misuse: boolean;
  /** Counts that nothing can be asked for, to be asked for all the same. */
  readonly wrongCounts: readonly number[];
  /** Runs allocated before in the same thread or the prefix, the latest last; and by other threads. */
  readonly own: readonly AllocateCommand[];
  readonly others: readonly AllocateCommand[];
}

/** Everything that the harness knows of one kind of command, in one place. */
export interface CommandEntry<C extends Command> {
  readonly name: C['name'];
  /** Whether a subject with these features takes it. */
  needs(features: Features): boolean;
  /** Every command of this kind for exhaustive scopes; `variable` is the next free one. */
  enumerate(around: Surroundings, variable: Variable): C[];
  arbitrary(around: Surroundings, variable: Variable): fc.Arbitrary<C> | undefined;
  /** The variable whose value the invocation waits for. */
  waitsFor(command: C): Variable | undefined;
  /** The thread whose crash the invocation waits for. */
  waitsForCrash?(command: C): number;
  binds(command: C): Variable | undefined;
  /** Calls the handle. `value` is the frame of the variable that it waited for; `countOf` how many frames a variable stands for. */
  run(handle: Handle, command: C, value: number, countOf: (variable: Variable) => number): unknown;
  /** What the call means to the model; undefined: nothing that it sees. */
  operation(command: C, worker: number, value: number, countOf: (variable: Variable) => number): Operation | undefined;
  print(command: C, named: (variable: Variable) => string | undefined): string;
  /** Simpler commands of the same kind, simplest first. */
  shrink(command: C): C[];
}
