import type { OptionSpecs, Parsed } from './options.ts';

/** One command of the command line. */
export interface CliCommand {
  readonly name: string;
  readonly summary: string;
  /** The whole help text but for the options. */
  readonly usage: string;
  readonly options: OptionSpecs;
  /** Gives the exit code. */
  run(parsed: Parsed): Promise<number>;
}
