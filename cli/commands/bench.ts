import process from 'node:process';
import { allocatorRows, compareExchange, metadataShare } from '../../bench/allocator.ts';
import { exploringRows, type ExplorerRow, type Rounds } from '../../bench/explorer.ts';
import { measure, type Measured } from '../../bench/ratio.ts';
import { schemaVersion } from '../../spec/report.ts';
import { jobsRow } from '../bench-jobs.ts';
import type { CliCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { commonOptions, type Parsed } from '../options.ts';
import { number } from '../reports/check.ts';
import { loadSubject } from '../subjects.ts';
import { Interrupt, paintFor, print, Progress, type Paint } from '../terminal.ts';

const metadataMost = 0.001;

export const benchCommand: CliCommand = {
  name: 'bench',
  summary: 'measure the allocator beside its baselines, and the explorer beside its aims',
  usage: `frameproof bench [options]

Costs are ratios to c, one uncontended Atomics.compareExchange, measured before and after each round: what disturbs a machine disturbs both.
Each row also shows the reference design taken literally (one lock, linear bitmap, free lists).

The explorer is measured by processor time, but for the row about two threads, which takes a machine with nothing else to do: it says how
many processors they had. A step is an event of an execution, whether or not the execution before it had it too.

A bound that is missed is said, and is no error: a busy machine is no failure.

Examples:
  frameproof bench
  frameproof bench --runs 3 --json

Exit codes: 0 measured, 130 interrupted.`,
  options: {
    runs: { placeholder: 'N', help: 'runs, of which the median is given (default 3)' },
    ...commonOptions,
  },
  run: runBench,
};

interface Row {
  readonly name: string;
  readonly ns: number;
  readonly ratio: number;
  readonly most: number;
  readonly within: boolean;
  readonly runs: readonly number[];
  readonly literal: { readonly ns: number; readonly ratio: number };
}

async function runBench(parsed: Parsed): Promise<number> {
  const runs = parsed.count('runs', 1, 99) ?? 3;
  const json = parsed.flag('json');
  const progress = new Progress(parsed.flag('quiet') || json);
  const interrupt = new Interrupt();
  const rows = allocatorRows();
  const unit = compareExchange();
  const results: (readonly Measured[])[] = [];
  for (let run = 0; run < runs && !interrupt.interrupted; run++) {
    const measuring = measure(unit, rows.flatMap(({ cost, literal }) => [cost, literal]), 15, () => performance.now());
    for (let next = measuring.next(); !interrupt.interrupted; next = measuring.next()) {
      if (next.done === true) {
        results.push(next.value);
        break;
      }
      progress.say(`   run ${run + 1} of ${runs} · ${next.value}`);
      await interrupt.breathe();
    }
  }
  const explorer = await benchExplorer({ warm: Math.min(runs, 2), counted: runs }, progress, interrupt);
  progress.clear();
  interrupt.done();
  const middle = (at: number, what: (measured: Measured) => number): number => {
    const values = results.map((measured) => what(measured[at] as Measured)).sort((a, b) => a - b);
    return values[values.length >> 1] as number;
  };
  const table = results.length === 0 ? [] : rows.map(({ cost, most }, at): Row => {
    const ratio = middle(2 * at, (measured) => measured.ratio);
    return {
      name: cost.name, ns: middle(2 * at, ({ ns }) => ns), ratio, most, within: ratio <= most, runs: results.map((measured) => (measured[2 * at] as Measured).ratio),
      literal: { ns: middle(2 * at + 1, ({ ns }) => ns), ratio: middle(2 * at + 1, (measured) => measured.ratio) },
    };
  });
  const metadata = { share: metadataShare(), most: metadataMost };
  const engine = { node: process.version, platform: `${process.platform}-${process.arch}` };
  if (json) await print(`${JSON.stringify({ schemaVersion, command: 'bench', runs: results.length, ...engine, unit: unit.name, allocator: table, metadata, explorer }, undefined, 2)}\n`);
  else await print(benchText(table, metadata, explorer, results.length, engine, !parsed.flag('no-color')));
  return interrupt.interrupted ? exitCodes.interrupted : exitCodes.held;
}

/** What this process has used of its processors. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function benchExplorer(rounds: Rounds, progress: Progress, interrupt: Interrupt): Promise<readonly ExplorerRow[]> {
  const exploring = exploringRows(await loadSubject('builtin:hybrid'), rounds, cpuMs);
  for (let next = exploring.next(); !interrupt.interrupted; next = exploring.next()) {
    if (next.done === true) {
      progress.say('   explorer · two threads');
      const jobs = await jobsRow(rounds, cpuMs, () => interrupt.breathe());
      return jobs === undefined ? next.value : [...next.value, jobs];
    }
    progress.say(`   explorer · ${next.value}`);
    await interrupt.breathe();
  }
  return [];
}

function explorerText(rows: readonly ExplorerRow[], paint: Paint): string[] {
  const width = Math.max(0, ...rows.map(({ name }) => name.length));
  const shown = (value: number, unit: ExplorerRow['unit']): string => (unit === 'times' ? value.toFixed(2) : number(Math.round(value)));
  return rows.map(({ name, unit, value, aim, met, processors }) => {
    const bound = 'least' in aim ? `≥ ${shown(aim.least, unit)}` : `≤ ${shown(aim.most, unit)}`;
    const had = processors === undefined ? '' : `   on ${processors.toFixed(2)} processors`;
    return `   ${name.padEnd(width)}  ${shown(value, unit).padStart(10)} ${unit.padEnd(12)}   ${met ? paint('green', `✓ ${bound}`) : paint('yellow', `? aim ${bound}`)}${had}`;
  });
}

function benchText(table: readonly Row[], metadata: { share: number; most: number }, explorer: readonly ExplorerRow[], runs: number, engine: { node: string; platform: string }, colour: boolean): string {
  const paint = paintFor(process.stdout, colour);
  const width = Math.max(0, ...table.map(({ name }) => name.length));
  const lines = table.map(({ name, ns, ratio, most, within, literal }) =>
    `   ${name.padEnd(width)}  ${ratio.toFixed(2).padStart(6)} c  ${ns.toFixed(0).padStart(5)} ns   ${within ? paint('green', `✓ ≤ ${most} c`) : paint('yellow', `? aim ${most} c`)}   literal ${literal.ratio.toFixed(1).padStart(7)} c, ${(literal.ratio / ratio).toFixed(1)} times as much`,
  );
  return [
    paint('bold', `frameproof bench · Node ${engine.node} · ${engine.platform} · c = one uncontended compareExchange · median of ${runs} run${runs === 1 ? '' : 's'}`),
    '', ...lines,
    `   ${'metadata at 64 GiB'.padEnd(width)}  ${(metadata.share * 100).toFixed(3)} % of the memory   ${metadata.share <= metadata.most ? paint('green', `✓ ≤ ${metadata.most * 100} %`) : paint('yellow', `? aim ${metadata.most * 100} %`)}`,
    ...(explorer.length === 0 ? [] : ['', ...explorerText(explorer, paint)]),
    '',
  ].join('\n');
}
