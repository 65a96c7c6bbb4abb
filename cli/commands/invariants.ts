import process from 'node:process';
import { invariants } from '../../spec/invariants.ts';
import { schemaVersion } from '../../spec/report.ts';
import type { CliCommand } from '../command.ts';
import { exitCodes, UsageError } from '../exit-codes.ts';
import { commonOptions, distance, type Parsed } from '../options.ts';
import { paintFor, print } from '../terminal.ts';

export const invariantsCommand: CliCommand = {
  name: 'invariants',
  summary: 'list what is judged, or explain one invariant',
  usage: `frameproof invariants [ID] [options]

Examples:
  frameproof invariants
  frameproof invariants FP-OOM-1`,
  options: commonOptions,
  run: runInvariants,
};

async function runInvariants(parsed: Parsed): Promise<number> {
  const [id, ...more] = parsed.positionals;
  if (more.length > 0) throw new UsageError('invariants takes one id at most');
  const chosen = id === undefined ? invariants : invariants.filter((each) => each.id === id.toUpperCase());
  if (chosen.length === 0) {
    const near = [...invariants].sort((a, b) => distance(a.id, id as string) - distance(b.id, id as string))[0];
    throw new UsageError(`${id}: no such invariant; did you mean ${near?.id}? 'frameproof invariants' lists them`);
  }
  if (parsed.flag('json')) {
    await print(`${JSON.stringify({ schemaVersion, command: 'invariants', invariants: chosen }, undefined, 2)}\n`);
    return exitCodes.held;
  }
  const paint = paintFor(process.stdout, !parsed.flag('no-color'));
  const text =
    id === undefined
      ? chosen.map((each) => `${paint('bold', each.id)}  ${each.layer.padEnd(11)} ${each.title}\n`).join('')
      : chosen.map(({ id: name, title, layer, statement, why }) => `${paint('bold', `${name} ${title}`)}\n\nlayer      ${layer}\nstatement  ${statement}\nwhy        ${why}\n`).join('');
  await print(text);
  return exitCodes.held;
}
