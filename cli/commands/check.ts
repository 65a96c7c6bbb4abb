import process from 'node:process';
import type { CheckPlan } from '../../spec/check.ts';
import { presets, strategies } from '../../spec/plan.ts';
import { schemaVersion, type CheckReport, type Verdict } from '../../spec/report.ts';
import { describeScope } from '../../spec/scope.ts';
import type { ScenarioSlice, ScenarioWork } from '../../spec/slice.ts';
import type { LoadedSubject } from '../../spec/subject.ts';
import { planOf, shardOf } from '../check-plan.ts';
import { checkOne, type Surroundings } from '../check-run.ts';
import type { CliCommand } from '../command.ts';
import { exitCodes, UsageError } from '../exit-codes.ts';
import { crossChecks } from '../hand-over-phase.ts';
import { Jobs, jobsOf, jobsOption } from '../jobs.ts';
import { onRealThreads, type RealThreads } from '../real-threads.ts';
import { stressOptions, stressPlans, stressWish } from '../stress-phases.ts';
import { argumentsOf, commonOptions, parseOptions, timeLimit, type Parsed } from '../options.ts';
import { closingText, headingText, subjectText } from '../reports/check.ts';
import { commonDigest, forget, keep, kept, planDigest, resumePath, sameCheck, sourcesDigest, type Progressed, type Unfinished } from '../resume.ts';
import { chooseSubjects, findConfig, loadSubject, subjectName, toolVersion } from '../subjects.ts';
import { Interrupt, paintFor, print, Progress } from '../terminal.ts';

export const checkCommand: CliCommand = {
  name: 'check',
  summary: 'judge allocators: scenarios, every interleaving, every layer',
  usage: `frameproof check [SUBJECT…] [options]

SUBJECT is a module with a subject as its default export, or builtin:hybrid or builtin:hybrid-narrow. None named: the subjects of
frameproof.config.ts, else every *.subject.{ts,mts,js,mjs} below this folder.

Presets, sized in counts:
${Object.values(presets).map(({ name, summary, phases }) => `  ${name.padEnd(8)} ${summary}\n${phases.map((phase) => `           ${phase.strategy.padEnd(11)} ${describeScope(phase.scope)}`).join('\n')}`).join('\n')}

ci and nightly also run ${crossChecks.ci} and ${crossChecks.nightly} of the explored executions again on real threads, on source that is not rewritten.

--strategy stress lets real threads run freely on the module as it is, all of them standing still every 250 calls: 2 threads, 500,000
calls each, 64 frames in chunks of 8 unless told otherwise; once undisturbed, once with delays (--noise). What it finds has no schedule.

Examples:
  frameproof check                                 what the configuration names, preset ci
  frameproof check ./mine.subject.ts --preset smoke
  frameproof check builtin:hybrid --strategy exhaustive --threads 2 --ops 2 --frames 8 --chunk 4
  frameproof check ./mine.subject.ts --strategy bounded --preemptions 2 --threads 3 --ops 2
  frameproof check ./mine.subject.ts --strategy pct --strategy random --threads 4 --executions 1000
  frameproof check ./mine.subject.ts --threads 2 --frames 4 --crashes 1
  frameproof check builtin:hybrid --strategy stress --threads 2 --ops 500000 --frames 64
  frameproof check ./mine.subject.ts --scenario 'f2c2o1 | A: a=allocate(1) | A: free(a) B: allocate(1)'
  frameproof check --preset nightly --jobs 4       the same report, sooner
  frameproof check --shard 1/3 --json > shards/1.json    a third of it, on one of three machines
  frameproof check --resume                        goes on after Ctrl-C or --time

Exit codes: 0 held, 1 violated, 2 usage, 3 inconclusive (cut, or a bound was hit), 4 the subject
behaves differently when it is run again, 70 a defect of frameproof, 130 interrupted.`,
  options: {
    preset: { placeholder: 'NAME', help: 'smoke, ci or nightly (default ci)' },
    strategy: { placeholder: 'NAME', help: `${strategies.slice(0, -1).join(', ')} or ${strategies.at(-1)}, with a scope of your own; stress: real threads that run freely`, many: true },
    frames: { placeholder: 'N', help: 'scope: frames (default 4)' },
    chunk: { placeholder: 'N', help: 'scope: frames of a chunk, a power of two (default 4, or fewer)' },
    threads: { placeholder: 'N', help: 'scope: threads (default 2)' },
    ops: { placeholder: 'N', help: 'scope: commands of each thread (default 1; stress: 500,000)' },
    ...stressOptions,
    crashes: { placeholder: 'N', help: 'scope: also with at most N threads stopped for ever at each of their steps (for subjects that declare crash)' },
    preemptions: { placeholder: 'N', help: 'bounded: switches away from a thread that could go on, at most (default 2)' },
    executions: { placeholder: 'N', help: 'exhaustive, bounded: of one scenario at most (default 2,000,000); pct, random: of each scenario (default 400)' },
    depth: { placeholder: 'N', help: 'pct: ordering constraints that a bug takes (default 3)' },
    scenarios: { placeholder: 'N', help: 'pct, random: scenarios (default 300)' },
    scenario: { placeholder: 'TOKEN', help: 'judge this one, exhaustively', many: true },
    invariant: { placeholder: 'ID', help: 'only violations of this invariant count', many: true },
    bail: { placeholder: 'N', help: 'stop after N different violations of a subject (default 1)' },
    seed: { placeholder: 'N', help: 'for generated scenarios and random walks (default 1)' },
    time: { placeholder: '60s', help: 'stop after this long, with a partial report' },
    ...jobsOption,
    shard: { placeholder: 'i/n', help: 'only the i-th of n parts of the scenarios; frameproof merge makes one report of all parts' },
    resume: { placeholder: 'FILE', bare: '', help: 'go on with a check that was interrupted (default .frameproof/latest/check.json)' },
    config: { placeholder: 'PATH', help: 'another configuration' },
    'no-shrink': { help: 'leave counterexamples as they are found' },
    list: { help: 'print what would be judged, and how' },
    ...commonOptions,
  },
  run: runCheck,
};

/** What of the options says how to run, not what. */
const notOfThePlan = ['json', 'quiet', 'no-color', 'help', 'list', 'time', 'jobs', 'resume'];

async function runCheck(given: Parsed): Promise<number> {
  const [parsed, resumed] = resumedFrom(given);
  const found = await findConfig(parsed.text('config'));
  const targets = chooseSubjects(parsed.positionals, found);
  const { plan, name, crossings } = planOf(parsed, found);
  const wish = stressWish(parsed, plan.seed);
  if (wish !== undefined && plan.shard !== undefined) throw new UsageError('--strategy stress is not divided into shards: leave out --shard');
  const until = performance.now() + timeLimit(given.text('time'));
  if (given.flag('list')) {
    await print(targets.map((target) => `${subjectName(target)}\n${plan.phases.map((phase) => `  ${phase.strategy} ${describeScope(phase.scope)}\n`).join('')}${wish === undefined ? '' : `  stress ${wish.threads} real threads × ${wish.opsPerThread} calls\n`}`).join(''));
    return exitCodes.held;
  }
  const loaded: LoadedSubject[] = [];
  for (const target of targets) loaded.push(await loadSubject(target));
  const same = { plan: planDigest(plan, loaded.map(({ module }) => module)), sources: sourcesDigest(loaded) };
  if (resumed !== undefined) sameCheck(resumed.path, resumed.unfinished, same);
  // Real threads are not divided among shards: the first has them all.
  const first = plan.shard === undefined || plan.shard.index === 1;
  const real = loaded.map((subject): RealThreads => ({ crossings: first ? crossings : 0, stress: wish === undefined || !first ? [] : stressPlans(wish, subject) }));

  const json = given.flag('json');
  const paint = paintFor(process.stdout, !given.flag('no-color'));
  const started = performance.now() - (resumed?.unfinished.durationMs ?? 0);
  const tool = { name: 'frameproof', version: toolVersion() } as const;
  if (!json) await print(`${headingText({ tool, seed: plan.seed }, `${name}${plan.shard === undefined ? '' : `, shard ${plan.shard.index} of ${plan.shard.of}`}`)}\n`);
  const interrupt = new Interrupt();
  const around = { interrupt, progress: new Progress(given.flag('quiet') || json), until, paint, json, quiet: given.flag('quiet') };
  const progressed = await judgeAll(targets.map((target, at) => ({ target, subject: loaded[at] as LoadedSubject, from: resumed?.unfinished.subjects[at], real: real[at] as RealThreads })), plan, jobsOf(given), around);
  interrupt.done();
  const subjects = progressed.flatMap(({ report }) => report ?? []);
  const cut = interrupt.interrupted;
  const durationMs = Math.round(performance.now() - started);
  const unfinished = cut || progressed.some(({ state, explored }) => state !== undefined || explored !== undefined);
  const path = resumed?.path ?? resumePath(plan.shard);
  const left = unfinished && leave(path, { schemaVersion, kind: 'unfinished check', version: tool.version, arguments: argumentsOf(parsed, checkCommand.options, notOfThePlan), ...same, durationMs, subjects: progressed });
  if (!unfinished && resumed !== undefined) forget(resumed.path);

  const verdict: Verdict = subjects.some((each) => each.verdict === 'violated') ? 'violated' : subjects.some((each) => each.verdict === 'inconclusive') || cut ? 'inconclusive' : 'held';
  const report: CheckReport = {
    schemaVersion, tool, command: 'check', seed: plan.seed, preset: name, verdict, plan: commonDigest(plan, loaded), ...(plan.shard === undefined ? {} : { shard: plan.shard }),
    interrupted: cut, ...(left ? { resume: path } : {}), durationMs, subjects,
  };
  const diverged = verdict !== 'violated' && subjects.some((each) => each.diverged === true);
  const exit = cut ? exitCodes.interrupted : diverged ? exitCodes.diverged : exitCodes[verdict];
  await print(json ? `${JSON.stringify(report, undefined, 2)}\n` : `\n${left ? ` to go on: frameproof check --resume${path === resumePath(undefined) ? '' : ` ${path}`}\n\n` : ''}${closingText(report, exit, paint)}\n`);
  return exit;
}

/** What was asked for: with `--resume` alone, what the interrupted check was asked for. */
function resumedFrom(given: Parsed): readonly [Parsed, { readonly path: string; readonly unfinished: Unfinished } | undefined] {
  const named = given.text('resume');
  if (named === undefined) return [given, undefined];
  const path = named === '' ? resumePath(shardOf(given.text('shard'))) : named;
  const unfinished = kept(path, toolVersion());
  const asked = argumentsOf(given, checkCommand.options, [...notOfThePlan, 'shard']);
  return [asked.length > 0 ? given : parseOptions(unfinished.arguments, checkCommand.options), { path, unfinished }];
}

interface Begun {
  readonly target: string;
  readonly subject: LoadedSubject;
  readonly from: Progressed | undefined;
  readonly real: RealThreads;
}

/** Judges the subjects one after the other; those that an interruption leaves no time for are not begun. */
async function judgeAll(subjects: readonly Begun[], plan: CheckPlan, jobCount: number, around: Omit<Surroundings, 'jobs'>): Promise<Progressed[]> {
  const { json, paint, interrupt } = around;
  const jobs = jobCount === 1 ? undefined : new Jobs<ScenarioWork, ScenarioSlice>(jobCount);
  try {
    const progressed: Progressed[] = [];
    for (const { target, subject, from, real } of subjects) {
      if (interrupt.interrupted) {
        progressed.push(from ?? {});
        continue;
      }
      if (!json) await print(`\n ${paint('bold', subject.module)}\n`);
      const judged = await judgeOne({ target, subject, from, real }, plan, { ...around, jobs });
      progressed.push(judged);
      if (!json) await print(`${subjectText(judged.report, paint)}\n`);
    }
    return progressed;
  } finally {
    await jobs?.close();
  }
}

/** Explores a subject, then runs it on real threads; either from where it was left. */
async function judgeOne({ target, subject, from, real }: Begun, plan: CheckPlan, around: Surroundings): Promise<Required<Pick<Progressed, 'report'>> & Progressed> {
  if (from?.report !== undefined && from.state === undefined && from.explored === undefined) return { report: from.report };
  const explored = from?.explored === undefined ? await checkOne(target, subject, plan, from?.state, around) : { report: from.explored };
  return explored.state === undefined ? onRealThreads(explored.report, target, subject, real, plan, around) : explored;
}

/** Whether what was interrupted could be kept. */
function leave(path: string, unfinished: Unfinished): boolean {
  try {
    keep(path, unfinished);
    return true;
  } catch (error) {
    process.stderr.write(`frameproof: ${path}: cannot be written, so this check cannot be gone on with: ${(error as Error).message}\n`);
    return false;
  }
}
