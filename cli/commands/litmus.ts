import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { LitmusError, readLitmus, type LitmusOutcome, type LitmusTest } from '../../spec/explore/litmus.ts';
import { runLitmus, type LitmusReport } from '../../spec/litmus.ts';
import { runLitmusBy, type LitmusContext, type LitmusSlice, type LitmusWork } from '../../spec/litmus-slice.ts';
import { schemaVersion } from '../../spec/report.ts';
import type { CliCommand } from '../command.ts';
import { exitCodes, UsageError } from '../exit-codes.ts';
import { Jobs, jobsOf, jobsOption } from '../jobs.ts';
import { commonOptions, type Parsed } from '../options.ts';
import { fromTyped } from '../paths.ts';
import { number, seconds } from '../reports/check.ts';
import { Interrupt, paintFor, print, Progress, type Paint } from '../terminal.ts';

export const litmusCommand: CliCommand = {
  name: 'litmus',
  summary: 'explore small programs of threads, and count their executions',
  usage: `frameproof litmus FILE… [options]

FILE is JSON: { "programs": [ { "name", "initial": { "x": 0 }, "threads": [ [ { "op": "store", "cell": "x", "val": 1 }, … ], … ] } ] }.
Operations: load, store (with "plain": true a non-atomic access, race-checked; with "hint": true one that may be read stale), add, sub, and, or, xor, xchg, cas, and the local if,
assume, assert, set. Of a program: "finalAssert", an expression that every complete execution must meet (a name is a cell, "0:a" is
register a of thread 0), and "mustFinish": true, if no execution may get stuck. One execution stands for all that are equivalent: same
order of every two accesses to one cell of which one writes. Exit 1 if an assertion fails, a plain access races, or one gets stuck.

Examples:
  frameproof litmus store-buffering.json --outcomes
  frameproof litmus peterson.json --bounds         also how many executions there are within 0, 1, … preemptions
  frameproof litmus test/litmus/sc-litmus.json --bounds --outcomes --json`,
  options: {
    bounds: { help: 'also the executions that can be run with at most 0, 1, … preemptions' },
    outcomes: { help: 'also every final memory and registers' },
    ...jobsOption,
    unreduced: { help: 'every interleaving, without reduction' },
    ...commonOptions,
  },
  run: runLitmusCommand,
};

async function runLitmusCommand(parsed: Parsed): Promise<number> {
  if (parsed.positionals.length === 0) throw new UsageError('litmus takes at least one file: frameproof litmus store-buffering.json');
  const json = parsed.flag('json');
  const tests = parsed.positionals.flatMap(readFile);
  const paint = paintFor(process.stdout, !parsed.flag('no-color'));
  const progress = new Progress(parsed.flag('quiet') || json);
  const interrupt = new Interrupt();
  const reports: LitmusReport[] = [];
  const width = Math.max(...tests.map(({ name }) => name.length));
  const started = performance.now();
  const wants = { outcomes: parsed.flag('outcomes'), bounds: parsed.flag('bounds') };
  const tell = async (report: LitmusReport): Promise<void> => {
    reports.push(report);
    progress.clear();
    if (!json) await print(`${litmusText(report, width, paint)}\n`);
  };
  const jobs = jobsOf(parsed);
  if (jobs > 1 && !parsed.flag('unreduced')) {
    await byJobs(jobs, tests, { ...wants, now: () => performance.now(), stop: () => interrupt.interrupted }, tell);
  } else {
    for (const test of tests) {
      progress.say(`   ${test.name}`);
      await tell(runLitmus(test, { ...wants, reduced: !parsed.flag('unreduced'), now: () => performance.now() }));
      if (await interrupt.breathe()) break;
    }
  }
  interrupt.done();
  const violated = reports.filter(({ violations = [] }) => violations.length > 0).length;
  if (json) {
    await print(`${JSON.stringify({ schemaVersion, command: 'litmus', interrupted: interrupt.interrupted, programs: reports }, undefined, 2)}\n`);
  } else {
    const total = reports.reduce((sum, { executions }) => sum + executions, 0);
    const redundant = reports.reduce((sum, report) => sum + report.redundant, 0);
    const wrong = violated === 0 ? '' : ` · ${number(violated)} violated`;
    await print(paint('bold', `${reports.length} of ${tests.length} programs${wrong} · ${number(total)} complete executions · ${number(redundant)} redundant runs · ${seconds(performance.now() - started)}\n`));
  }
  return interrupt.interrupted ? exitCodes.interrupted : violated > 0 ? exitCodes.violated : exitCodes.held;
}

async function byJobs(count: number, tests: readonly LitmusTest[], context: LitmusContext, tell: (report: LitmusReport) => Promise<void>): Promise<void> {
  const jobs = new Jobs<LitmusWork, LitmusSlice>(count);
  try {
    jobs.begin({ kind: 'litmus', outcomes: context.outcomes, bounds: context.bounds });
    for (const next of runLitmusBy(jobs, tests, context)) await (next === 'wait' ? jobs.arrival(200) : tell(next));
  } finally {
    await jobs.close();
  }
}

function readFile(file: string): LitmusTest[] {
  const path = fromTyped(file);
  if (!existsSync(path)) throw new UsageError(`${file}: no such file`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`${file}: not JSON: ${(error as Error).message}`);
  }
  try {
    return readLitmus(parsed);
  } catch (error) {
    if (!(error instanceof LitmusError)) throw error;
    throw new UsageError(`${file}: ${error.place}: ${error.message}`);
  }
}

function litmusText({ name, executions, blocked, redundant, byPreemptionBound, outcomes = [], violations = [], durationMs }: LitmusReport, width: number, paint: Paint): string {
  const counts = `${name.padEnd(width)} ${number(executions).padStart(10)} executions ${blocked === 0 ? '' : `· ${number(blocked)} blocked `}${redundant === 0 ? '' : `· ${number(redundant)} redundant `}· ${seconds(durationMs)}`;
  const bounds = byPreemptionBound === undefined ? [] : [`    within 0, 1, … preemptions: ${byPreemptionBound.map(number).join(', ')}`];
  const outcomesText = outcomes.map((outcome) => `    ${outcomeText(outcome)}`);
  const wrong = violations.flatMap(({ kind, what, where, schedule, outcome }) => [`    ${paint('red', '✗')} ${kind} at ${where}: ${what}`, `      along ${schedule}: ${outcomeText(outcome)}`]);
  return [counts, ...bounds, ...outcomesText, ...wrong].join('\n');
}

const outcomeText = ({ mem, regs }: LitmusOutcome): string => `${JSON.stringify(mem)} ${regs.map((each) => JSON.stringify(each)).join(' ')}`;
