import { createReadStream, existsSync, statSync } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { framesModel } from '../../spec/linearize/frames.ts';
import { judgeHistory, type HistoryReport, type JudgeContext } from '../../spec/linearize/judge.ts';
import { keyValue } from '../../spec/linearize/key-value.ts';
import type { HistoryModel } from '../../spec/linearize/model.ts';
import { HistoryError, HistoryReader, type RecordedHistory } from '../../spec/linearize/recorded-history.ts';
import { register } from '../../spec/linearize/register.ts';
import { schemaVersion } from '../../spec/report.ts';
import type { CliCommand } from '../command.ts';
import { exitCodes, UsageError } from '../exit-codes.ts';
import { commonOptions, timeLimit, type Parsed } from '../options.ts';
import { fromTyped } from '../paths.ts';
import { number, seconds } from '../reports/check.ts';
import { Interrupt, paintFor, print, Progress, type Paint } from '../terminal.ts';

const models: readonly HistoryModel[] = [register, keyValue, framesModel];
const statesMax = 300_000;

export const linearizeCommand: CliCommand = {
  name: 'linearize',
  summary: 'judge recorded histories of concurrent clients',
  usage: `frameproof linearize FILE… --model register|kv|frames [options]

FILE is JSON Lines, one event a line in real-time order. A history is linearizable if its operations have one order in which each takes
effect at some instant between its invocation and its return, and is answered as the model says.
  {"process": 3, "type": "invoke", "f": "cas", "value": [0, 3]}
  {"process": 3, "type": "return", "f": "cas", "ok": true}
A return belongs to the open invocation of its process. An operation with {"type": "info"}, or without a return, may take effect at any
later time, or never; its process may not invoke again. A return with "unknown": true says that it has returned, and not what.

Models:
  register   read (returns its value, null: never written), write (value), cas (value [from, to], returns "ok"); several by "key"
  kv         get (returns a text), put and append (value: a text), by "key"; "" at first
  frames     allocate (value {"count"}, returns the first frame or a negative error), free (value {"frame", "count"}, returns 0 or a
             negative error); first line {"geometry": {"frames": 64}}, also with firstFrame, maxOrder and reserved

The verdict is linearizable, not-linearizable or unknown. The longest prefix ends before the first return up to which the operations have no
order; those that are still open there count with the answers that they get later.

Examples:
  frameproof linearize history.jsonl --model register
  frameproof linearize run-*.jsonl --model kv --json
  frameproof linearize frames.jsonl --model frames --time 10s

Exit codes: 0 linearizable, 1 not linearizable, 2 unreadable, 3 unknown (a budget was used up), 130 interrupted.`,
  options: {
    model: { placeholder: 'NAME', help: 'what the history is of: register, kv or frames' },
    states: { placeholder: 'N', help: `places in the search that are looked at before the answer is unknown (default ${statesMax})` },
    time: { placeholder: 'DURATION', help: 'also end after this long, over all files: 10s, 5m' },
    ...commonOptions,
  },
  run: runLinearize,
};

interface Judged extends HistoryReport {
  readonly file: string;
  readonly durationMs: number;
}

async function runLinearize(parsed: Parsed): Promise<number> {
  if (parsed.positionals.length === 0) throw new UsageError('linearize takes at least one file: frameproof linearize history.jsonl --model register');
  const model = modelOf(parsed.text('model'));
  const until = performance.now() + timeLimit(parsed.text('time'));
  const json = parsed.flag('json');
  const histories: { readonly file: string; readonly history: RecordedHistory }[] = [];
  for (const file of parsed.positionals) histories.push({ file, history: await readHistory(file, model) });

  const progress = new Progress(parsed.flag('quiet') || json);
  const paint = paintFor(process.stdout, !parsed.flag('no-color'));
  const interrupt = new Interrupt();
  const context = { statesMax: parsed.count('states', 1) ?? statesMax, stop: () => interrupt.interrupted || performance.now() > until };
  const reports: Judged[] = [];
  for (const { file, history } of histories) {
    if (interrupt.interrupted) break;
    const started = performance.now();
    const report = await judge(file, history, model, context, progress, interrupt);
    const judged = { file, ...report, durationMs: Math.round((performance.now() - started) * 1000) / 1000 };
    reports.push(judged);
    if (!json) await print(`${historyText(judged, paint)}\n`);
  }
  interrupt.done();
  const has = (verdict: HistoryReport['verdict']): boolean => reports.some((each) => each.verdict === verdict);
  if (json) await print(`${JSON.stringify({ schemaVersion, command: 'linearize', model: model.name, interrupted: interrupt.interrupted, histories: reports }, undefined, 2)}\n`);
  else if (histories.length > 1) await print(`${paint('bold', `${reports.length} of ${histories.length} histories judged`)}\n`);
  if (interrupt.interrupted) return exitCodes.interrupted;
  return has('not-linearizable') ? exitCodes.violated : has('unknown') ? exitCodes.inconclusive : exitCodes.held;
}

function modelOf(name: string | undefined): HistoryModel {
  const names = models.map((each) => each.name);
  if (name === undefined) throw new UsageError(`linearize needs --model: ${names.join(', ')}`);
  const model = models.find((each) => each.name === name);
  if (model === undefined) throw new UsageError(`--model ${name}: expected ${names.join(', ')}`);
  return model;
}

async function readHistory(file: string, { notation }: HistoryModel): Promise<RecordedHistory> {
  const path = fromTyped(file);
  if (!existsSync(path) || !statSync(path).isFile()) throw new UsageError(`${file}: no such file`);
  const reader = new HistoryReader(notation);
  try {
    for await (const line of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity })) reader.line(line);
    return reader.end();
  } catch (error) {
    if (error instanceof HistoryError) throw new UsageError(`${file}:${error.line}:${error.column === undefined ? '' : `${error.column}:`} ${error.message}`);
    throw new UsageError(`${file}: cannot be read: ${(error as Error).message}`);
  }
}

async function judge(file: string, history: RecordedHistory, model: HistoryModel, context: JudgeContext, progress: Progress, interrupt: Interrupt): Promise<HistoryReport> {
  const run = judgeHistory(history, model, context);
  for (;;) {
    const next = run.next();
    if (next.done === true) {
      progress.clear();
      return next.value;
    }
    const { part, parts, placed, returns, states } = next.value;
    progress.say(`   ${file} · ${parts > 1 ? `part ${part} of ${parts} · ` : ''}${number(placed)} of ${number(returns)} returns placed · ${number(states)} states`);
    await interrupt.breathe();
  }
}

function historyText({ file, verdict, operations, events, longestPrefix, prefixEvents, prefixExact, unplaced, states, durationMs }: Judged, paint: Paint): string {
  const lines = [paint('bold', file), `   ${number(operations)} operations in ${number(events)} events, ${number(states)} states searched   ${paint('dim', seconds(durationMs))}`];
  if (verdict !== 'linearizable') {
    const prefix = `the first ${number(prefixEvents)} events, in which ${number(longestPrefix)} operations return`;
    lines.push(`   ${prefixExact ? 'longest linearizable prefix' : 'linearizable at least'}: ${prefix}`);
  }
  if (unplaced !== undefined) {
    lines.push(paint('red', `   ✗ ${file}:${unplaced.line}: process ${unplaced.process}: ${unplaced.operation}`) + `   (invoked in line ${unplaced.invokedLine})`);
    lines.push(`     has no place in any order: ${unplaced.reason}`);
  }
  lines.push(
    verdict === 'linearizable' ? paint('green', ' ✓ linearizable') : verdict === 'not-linearizable' ? paint('red', ' ✗ not linearizable') : paint('yellow', ' ? unknown: the search was ended before it was decided (--states, --time)'),
  );
  return lines.join('\n');
}
