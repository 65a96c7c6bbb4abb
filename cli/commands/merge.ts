import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { MergeError, mergeParts, whyNoPart, type Part } from '../../spec/merge.ts';
import type { CheckReport } from '../../spec/report.ts';
import type { CliCommand } from '../command.ts';
import { exitCodes, UsageError } from '../exit-codes.ts';
import { commonOptions, type Parsed } from '../options.ts';
import { fromTyped, shown } from '../paths.ts';
import { closingText, headingText, phaseText, subjectText } from '../reports/check.ts';
import { paintFor, print } from '../terminal.ts';

export const mergeCommand: CliCommand = {
  name: 'merge',
  summary: 'one report out of the json reports of shards',
  usage: `frameproof merge DIR [options]

DIR holds what check --shard i/n --json printed, one .json file for each shard and no others. All must be of one check: the same
version, plan, seed and sources of the subjects, each shard once. With a shard missing the verdict is never held; which, is said.

Examples:
  frameproof check --preset ci --shard 1/3 --json > shards/1.json      and so on, each on its machine
  frameproof merge shards
  frameproof merge shards --json

Exit codes: 0 held, 1 violated, 2 usage or reports that do not belong together, 3 inconclusive (also: a shard is missing or was cut),
4 a subject behaves differently when it is run again.`,
  options: { ...commonOptions },
  run: runMerge,
};

async function runMerge(parsed: Parsed): Promise<number> {
  const [folder, ...more] = parsed.positionals;
  if (folder === undefined || more.length > 0) throw new UsageError('merge takes one folder: frameproof merge shards');
  const { report, missing } = merged(partsOf(folder));
  const diverged = report.verdict !== 'violated' && report.subjects.some((each) => each.diverged === true);
  const exit = diverged ? exitCodes.diverged : exitCodes[report.verdict];
  if (missing.length > 0) process.stderr.write(`frameproof: missing: ${missing.map((index) => `shard ${index}`).join(', ')}; what follows is of the others\n`);
  if (parsed.flag('json')) await print(`${JSON.stringify({ ...report, ...(missing.length > 0 ? { missing } : {}) }, undefined, 2)}\n`);
  else await print(mergedText(report, exit, parsed));
  return exit;
}

function mergedText(report: CheckReport, exit: number, parsed: Parsed): string {
  const paint = paintFor(process.stdout, !parsed.flag('no-color'));
  const subjects = report.subjects.map((subject) => {
    const phases = parsed.flag('quiet') ? [] : subject.phases.map((phase) => phaseText(phase, paint));
    return ['', ` ${paint('bold', subject.module)}`, ...phases, subjectText(subject, paint)].join('\n');
  });
  return [headingText(report, report.preset), ...subjects, '', closingText(report, exit, paint), ''].join('\n');
}

function merged(parts: readonly Part[]): ReturnType<typeof mergeParts> {
  try {
    return mergeParts(parts);
  } catch (error) {
    if (error instanceof MergeError) throw new UsageError(error.message);
    throw error;
  }
}

function partsOf(named: string): Part[] {
  const folder = fromTyped(named);
  if (!existsSync(folder) || !statSync(folder).isDirectory()) throw new UsageError(`${named}: no such folder`);
  const files = readdirSync(folder).filter((name) => name.endsWith('.json')).sort();
  if (files.length === 0) throw new UsageError(`${named}: no .json file in it; check --shard i/n --json prints what belongs there`);
  return files.map((name) => partOf(join(folder, name)));
}

function partOf(path: string): Part {
  const file = shown(path);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`${file}: not JSON: ${(error as Error).message}`);
  }
  const why = whyNoPart(value);
  if (why !== undefined) throw new UsageError(`${file}: ${why}`);
  return { file, report: value as CheckReport };
}
