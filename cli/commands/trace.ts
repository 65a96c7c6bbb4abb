import { createReadStream, existsSync, statSync } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { drive, driveGeometry, KernelRequests, type DriveReport } from '../../spec/drive.ts';
import { SubjectError } from '../../spec/explore/subject-error.ts';
import { KernelTraceError, KernelTraceJudge, type KernelTraceReport } from '../../spec/kernel-trace.ts';
import { schemaVersion } from '../../spec/report.ts';
import type { CliCommand } from '../command.ts';
import { exitCodes, UsageError } from '../exit-codes.ts';
import { commonOptions, type Parsed } from '../options.ts';
import { fromTyped } from '../paths.ts';
import { number, seconds } from '../reports/check.ts';
import { driveText } from '../reports/drive.ts';
import { loadSubject, subjectTrouble } from '../subjects.ts';
import type { LoadedSubject } from '../../spec/subject.ts';
import { paintFor, print, Progress } from '../terminal.ts';

export const traceCommand: CliCommand = {
  name: 'trace',
  summary: "judge a recorded Linux kernel trace against the model",
  usage: `frameproof trace FILE… [options]

FILE is the text of the kernel's ftrace (/sys/kernel/tracing/trace), plain or .gz, with the events kmem:mm_page_alloc and
kmem:mm_page_free. Each frame is followed by the model's ownership machine: a frame handed out while it is owned, or a block that is not
aligned to its size, is a violation, named by its line.

With --drive the same requests are also put to an allocator, each CPU a worker, with the model alongside, and every response is judged:
how it would have served this machine, with free frames, fragmentation and pressure over time.

To record one (as root):
  cd /sys/kernel/tracing; echo 1 > events/kmem/mm_page_alloc/enable; echo 1 > events/kmem/mm_page_free/enable
  echo 1 > tracing_on; sleep 10; echo 0 > tracing_on; gzip -c trace > ~/kernel.trace.gz

Examples:
  frameproof trace kernel.trace.gz
  frameproof trace kernel.trace.gz --json
  frameproof trace kernel.trace.gz --drive builtin:hybrid
  frameproof trace kernel.trace.gz --drive ./mine.subject.ts --frames 4096

Exit codes: 0 held, 1 violated (the trace, or a response of the driven allocator), 2 unreadable, 3 no allocation event in a file.`,
  options: {
    drive: { placeholder: 'SUBJECT', help: 'also put the requests to this allocator (builtin:hybrid, or a module)' },
    frames: { placeholder: 'N', help: 'memory for --drive (default: an eighth more than the recording needs at its peak)' },
    ...commonOptions,
  },
  run: runTrace,
};

async function runTrace(parsed: Parsed): Promise<number> {
  if (parsed.positionals.length === 0) throw new UsageError('trace takes at least one file: frameproof trace kernel.trace.gz');
  const json = parsed.flag('json');
  const progress = new Progress(parsed.flag('quiet') || json);
  const paint = paintFor(process.stdout, !parsed.flag('no-color'));
  const target = parsed.text('drive');
  const frames = parsed.count('frames', 1, 2 ** 24);
  if (frames !== undefined && target === undefined) throw new UsageError('--frames is the memory of an allocator that is driven: name it with --drive');
  const subject = target === undefined ? undefined : await loadSubject(target.startsWith('builtin:') ? target : fromTyped(target));
  const reports: (KernelTraceReport & { readonly drive?: DriveReport })[] = [];
  for (const file of parsed.positionals) {
    const started = performance.now();
    const requests = subject === undefined ? undefined : new KernelRequests();
    const judged = await judgeFile(file, progress, requests);
    progress.clear();
    if (!json) await print(`${traceText(judged, performance.now() - started, paint)}\n`);
    if (subject === undefined || requests === undefined || judged.verdict === 'inconclusive') {
      reports.push(judged);
      continue;
    }
    const driven = driveFile(file, subject, requests, frames, progress);
    progress.clear();
    reports.push({ ...judged, verdict: driven.rejections > 0 ? 'violated' : judged.verdict, drive: driven });
    if (!json) await print(`\n${driveText(driven, paint)}\n`);
  }
  const exit = reports.some(({ verdict }) => verdict === 'violated') ? exitCodes.violated : reports.some(({ verdict }) => verdict === 'inconclusive') ? exitCodes.inconclusive : exitCodes.held;
  if (json) await print(`${JSON.stringify({ schemaVersion, command: 'trace', files: reports }, undefined, 2)}\n`);
  return exit;
}

function driveFile(file: string, subject: LoadedSubject, requests: KernelRequests, frames: number | undefined, progress: Progress): DriveReport {
  const geometry = driveGeometry(subject, requests, frames);
  if (typeof geometry === 'string') throw new UsageError(`${subject.module} cannot be driven with ${file}: ${geometry}; --frames gives it another size`);
  try {
    const run = drive(subject, requests, geometry, () => performance.now());
    for (;;) {
      const next = run.next();
      if (next.done === true) return next.value;
      progress.say(`   ${file} · driven ${number(next.value)} of ${number(requests.events.length)} events`);
    }
  } catch (error) {
    if (error instanceof SubjectError) throw subjectTrouble(subject, error);
    throw error;
  }
}

async function judgeFile(file: string, progress: Progress, requests: KernelRequests | undefined): Promise<KernelTraceReport> {
  const path = fromTyped(file);
  if (!existsSync(path) || !statSync(path).isFile()) throw new UsageError(`${file}: no such file`);
  const judge = new KernelTraceJudge();
  const input = createReadStream(path);
  const unpacked = file.endsWith('.gz') ? input.pipe(createGunzip()) : input;
  input.on('error', (error) => unpacked.destroy(error));
  let lines = 0;
  try {
    for await (const line of createInterface({ input: unpacked, crlfDelay: Infinity })) {
      const event = judge.line(line);
      if (event !== undefined) requests?.add(event);
      lines++;
      if ((lines & 0x3fff) === 0) progress.say(`   ${file} · ${number(lines)} lines`);
    }
    if (unpacked.errored !== null) throw unpacked.errored;
  } catch (error) {
    if (error instanceof KernelTraceError) throw new UsageError(`${file}:${error.line}:${error.column}: ${error.message}`);
    throw new UsageError(`${file}: cannot be read after line ${lines}: ${(error as Error).message}`);
  }
  return judge.report(file);
}

function traceText(report: KernelTraceReport, durationMs: number, paint: ReturnType<typeof paintFor>): string {
  const { file, verdict, events, allocations, frees, failed, framesSeen, ownedTwice, misaligned, freesOfUnknown, freesOfFree, partialFrees, otherEvents, unreadable, violations } = report;
  const lines = [
    paint('bold', file),
    `   ${number(events)} events: ${number(allocations)} allocations, ${number(frees)} frees${failed === 0 ? '' : `, ${number(failed)} failed allocations`}; ${number(framesSeen)} distinct frames   ${paint('dim', seconds(durationMs))}`,
    `   ${ownedTwice} owned twice · ${misaligned} misaligned · ${number(partialFrees)} frees of a piece of an allocation`,
    `   ${number(freesOfUnknown)} frames freed whose allocation was not recorded (${number(freesOfFree)} of them freed before in the recording)`,
  ];
  if (otherEvents + unreadable > 0) lines.push(`   ${number(otherEvents)} events of other kinds, ${number(unreadable)} lines that are no events`);
  for (const { line, cpu, order, reason } of violations.slice(0, 20)) lines.push(paint('red', `   ✗ ${file}:${line}: ${reason}`) + ` (cpu ${cpu}, order ${order})`);
  if (violations.length > 20) lines.push(`   … and more: --json lists up to 100`);
  lines.push(` ${verdict === 'held' ? paint('green', '✓ held: no frame had two owners') : verdict === 'violated' ? paint('red', '✗ violated') : paint('yellow', '? no allocation events')}`);
  return lines.join('\n');
}
