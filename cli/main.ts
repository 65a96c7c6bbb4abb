#!/usr/bin/env node
import process from 'node:process';
import type { CliCommand } from './command.ts';
import { exitCodes, UsageError } from './exit-codes.ts';
import { describeOptions, distance, parseOptions } from './options.ts';
import { TokenError } from '../spec/token.ts';
import { benchCommand } from './commands/bench.ts';
import { checkCommand } from './commands/check.ts';
import { initCommand } from './commands/init.ts';
import { invariantsCommand } from './commands/invariants.ts';
import { linearizeCommand } from './commands/linearize.ts';
import { litmusCommand } from './commands/litmus.ts';
import { mergeCommand } from './commands/merge.ts';
import { modelCommand } from './commands/model.ts';
import { replayCommand } from './commands/replay.ts';
import { traceCommand } from './commands/trace.ts';
import { toolVersion } from './subjects.ts';
import { print } from './terminal.ts';
import { showRealWarnings } from './warnings.ts';

const commands: readonly CliCommand[] = [
  checkCommand, initCommand, replayCommand, modelCommand, traceCommand, litmusCommand, linearizeCommand, mergeCommand, invariantsCommand, benchCommand,
];

showRealWarnings();
// A reader that has seen enough (head, less) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : exitCodes.defect);
});

const help = `frameproof ${toolVersion()} · judges page-frame allocators: every interleaving of the real implementation against an executable model

usage: frameproof COMMAND [arguments] [options]

${commands.map(({ name, summary }) => `  ${name.padEnd(11)} ${summary}`).join('\n')}

frameproof COMMAND --help tells more, with examples. --version prints the version.
`;

process.exitCode = await main(process.argv.slice(2));

async function main([name, ...args]: readonly string[]): Promise<number> {
  try {
    if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
      await print(help);
      return name === undefined ? exitCodes.usage : exitCodes.held;
    }
    if (name === '--version' || name === '-V') {
      await print(`${toolVersion()}\n`);
      return exitCodes.held;
    }
    const command = commands.find((each) => each.name === name);
    if (command === undefined) {
      const near = commands.find((each) => distance(each.name, name) <= 2);
      throw new UsageError(`unknown command '${name}'${near === undefined ? '; --help lists the commands' : `; did you mean '${near.name}'?`}`);
    }
    const parsed = parseOptions(args, command.options);
    if (parsed.flag('help')) {
      await print(`${command.usage}\n\nOptions:\n${describeOptions(command.options)}\n`);
      return exitCodes.held;
    }
    return await command.run(parsed);
  } catch (error) {
    if (error instanceof UsageError || error instanceof TokenError) {
      process.stderr.write(`frameproof: ${error.message}\n`);
      return exitCodes.usage;
    }
    process.stderr.write(`frameproof: a defect of frameproof itself, please report it with the command that you ran:\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return exitCodes.defect;
  }
}
