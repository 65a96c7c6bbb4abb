import process from 'node:process';
import { exportMachines, walkModel, type WalkReport } from '../../model/index.ts';
import { schemaVersion } from '../../spec/report.ts';
import { geometryOf, scopeOf } from '../../spec/scope.ts';
import { whyNoGeometry } from '../../spec/token.ts';
import type { CliCommand } from '../command.ts';
import { exitCodes, UsageError } from '../exit-codes.ts';
import { commonOptions, type Parsed } from '../options.ts';
import { number, seconds } from '../reports/check.ts';
import { paintFor, print, Progress } from '../terminal.ts';

const placements = ['any', 'chunk', 'buddy'] as const;

export const modelCommand: CliCommand = {
  name: 'model',
  summary: 'walk the reference model through every state, and check it',
  usage: `frameproof model [options]

Every state of the three machines (ownership of a frame, life of a buddy block, pressure) and of their composition at a small geometry,
with and without reserved frames and watermarks: the invariants hold in each, every transition is taken, nothing is unreachable.

Examples:
  frameproof model
  frameproof model --frames 6 --chunk 2 --placement buddy
  frameproof model --format mermaid > machines.md

Exit codes: 0 held, 1 an invariant is broken or something is never taken, 2 usage.`,
  options: {
    frames: { placeholder: 'N', help: 'frames, 1 to 10 (default: several geometries)' },
    chunk: { placeholder: 'N', help: 'frames of a chunk, a power of two' },
    placement: { placeholder: 'NAME', help: 'any, chunk or buddy (default chunk)' },
    format: { placeholder: 'NAME', help: 'print the machines instead: mermaid, dot or json' },
    ...commonOptions,
  },
  run: runModel,
};

async function runModel(parsed: Parsed): Promise<number> {
  if (parsed.positionals.length > 0) throw new UsageError(`model takes no arguments, not '${parsed.positionals[0]}'`);
  const format = parsed.text('format');
  if (format !== undefined) {
    if (format !== 'mermaid' && format !== 'dot' && format !== 'json') throw new UsageError(`--format ${format}: expected mermaid, dot or json`);
    await print(`${exportMachines(format)}\n`);
    return exitCodes.held;
  }
  const placement = placements.find((each) => each === (parsed.text('placement') ?? 'chunk'));
  if (placement === undefined) throw new UsageError(`--placement ${parsed.text('placement')}: expected ${placements.join(', ')}`);
  const json = parsed.flag('json');
  const progress = new Progress(parsed.flag('quiet') || json);
  const paint = paintFor(process.stdout, !parsed.flag('no-color'));
  const reports: WalkReport[] = [];
  for (const scope of scopes(parsed)) {
    const why = whyNoGeometry(geometryOf(scope));
    if (why !== undefined) throw new UsageError(`impossible geometry: ${why}`);
    const started = performance.now();
    const stop = (states: number): boolean => {
      progress.say(`   ${number(states)} states`);
      return false;
    };
    const report = walkModel(geometryOf(scope), { placement, exactErrors: true, orders: false }, { stop });
    reports.push(report);
    progress.clear();
    if (!json) await print(`${walkText(report, reports.length === 1, performance.now() - started, paint)}\n`);
  }
  const held = reports.every(isSound);
  if (json) await print(`${JSON.stringify({ schemaVersion, command: 'model', verdict: held ? 'held' : 'violated', walks: reports }, undefined, 2)}\n`);
  else await print(held ? paint('green', '✓ held: every state keeps every invariant, every transition is taken\n') : paint('red', '✗ violated\n'));
  return held ? exitCodes.held : exitCodes.violated;
}

function scopes(parsed: Parsed) {
  const frames = parsed.count('frames', 1, 10);
  const chunk = parsed.count('chunk', 1, 16);
  const common = { threads: 1, ops: 1, ...(chunk === undefined ? {} : { chunkFrames: chunk }) };
  if (frames !== undefined || chunk !== undefined) return [scopeOf({ ...common, frames: frames ?? 6 })];
  return [
    scopeOf({ ...common, frames: 8, chunkFrames: 4 }),
    scopeOf({ ...common, frames: 6, chunkFrames: 4, firstFrame: 6 }),
    scopeOf({ ...common, frames: 6, chunkFrames: 2, reserved: [{ start: 2, count: 1 }], marks: { low: 4, min: 3, critical: 1, gap: 1 } }),
  ];
}

const isSound = ({ machines, composed, violations, cut }: WalkReport): boolean =>
  violations.length === 0 && !cut && composed.coverage.missing.length === 0 && composed.rejections > 0 && machines.every(({ unreachable, ignored }) => unreachable.length === 0 && ignored.length === 0);

function walkText(report: WalkReport, first: boolean, durationMs: number, paint: ReturnType<typeof paintFor>): string {
  const { machines, geometry, placement, composed, invariants, violations } = report;
  const lines: string[] = [];
  if (first) {
    for (const { name, states, transitions, unreachable, ignored } of machines) {
      const wrong = [...unreachable.map((state) => `unreachable: ${state}`), ...ignored.map((event) => `accepted nowhere: ${event}`)];
      lines.push(` machine ${name.padEnd(9)} ${states} states, ${transitions} transitions${wrong.length === 0 ? '' : paint('red', `   ✗ ${wrong.join(', ')}`)}`);
    }
  }
  const extra = `${geometry.firstFrame === 0 ? '' : ` from ${geometry.firstFrame}`}${geometry.reserved.length === 0 ? '' : `, ${geometry.reserved.length} reserved`}${geometry.marks === undefined ? '' : ', watermarks'}`;
  lines.push(` composed at ${geometry.frames} frames in chunks of ${geometry.chunkFrames}${extra}, placement '${placement}'   ${paint('dim', seconds(durationMs))}`);
  lines.push(`   ${number(composed.states)} states · ${number(composed.transitions)} responses accepted, ${number(composed.rejections)} rejected · ${composed.coverage.covered} of ${composed.coverage.total} component transitions taken`);
  for (const missing of composed.coverage.missing) lines.push(paint('red', `   ✗ never taken: ${missing}`));
  lines.push(`   ${invariants.length} invariants in each state: ${violations.length === 0 ? 'held' : paint('red', `${violations.length} broken`)}`);
  for (const { invariant, what, path } of violations.slice(0, 5)) lines.push(paint('red', `   ✗ ${invariant}: ${what}`), `     after ${path.join(', ') || '(start)'}`);
  return lines.join('\n');
}
