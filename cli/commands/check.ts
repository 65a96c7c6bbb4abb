import process from 'node:process';
import { match } from 'ts-pattern';
import { check, type CheckPlan } from '../../spec/check.ts';
import { SubjectError } from '../../spec/explore/subject-error.ts';
import { Divergence } from '../../spec/explore/execution.ts';
import { invariants } from '../../spec/invariants.ts';
import { presets, strategies, type Phase, type PresetName, type Strategy } from '../../spec/plan.ts';
import { schemaVersion, type CheckReport, type SubjectReport, type Verdict } from '../../spec/report.ts';
import { describeScope, geometryOf, scopeOf } from '../../spec/scope.ts';
import { parseScenario, whyNoGeometry } from '../../spec/token.ts';
import type { CliCommand } from '../command.ts';
import { exitCodes, UsageError } from '../exit-codes.ts';
import { commonOptions, timeLimit, type Parsed } from '../options.ts';
import { closingText, headingText, phaseText, subjectText } from '../reports/check.ts';
import { chooseSubjects, findConfig, loadSubject, subjectName, toolVersion, subjectTrouble } from '../subjects.ts';
import type { LoadedSubject } from '../../spec/subject.ts';
import { Interrupt, paintFor, print, Progress, type Paint } from '../terminal.ts';

const shrinkExecutions = 200_000;

export const checkCommand: CliCommand = {
  name: 'check',
  summary: 'judge allocators: scenarios, every interleaving, every layer',
  usage: `frameproof check [SUBJECT…] [options]

SUBJECT is a module with a subject as its default export, or builtin:hybrid or builtin:hybrid-narrow. None named: the subjects of
frameproof.config.ts, else every *.subject.{ts,mts,js,mjs} below this folder.

Presets, sized in counts:
${Object.values(presets).map(({ name, summary, phases }) => `  ${name.padEnd(8)} ${summary}\n${phases.map((phase) => `           ${phase.strategy.padEnd(11)} ${describeScope(phase.scope)}`).join('\n')}`).join('\n')}

Examples:
  frameproof check                                 what the configuration names, preset ci
  frameproof check ./mine.subject.ts --preset smoke
  frameproof check builtin:hybrid --strategy exhaustive --threads 2 --ops 2 --frames 8 --chunk 4
  frameproof check ./mine.subject.ts --scenario 'f2c2o1 | A: a=allocate(1) | A: free(a) B: allocate(1)'

Exit codes: 0 held, 1 violated, 2 usage, 3 inconclusive (cut, or a bound was hit), 4 the subject
behaves differently when it is run again, 70 a defect of frameproof, 130 interrupted.`,
  options: {
    preset: { placeholder: 'NAME', help: 'smoke, ci or nightly (default ci)' },
    strategy: { placeholder: 'NAME', help: 'exhaustive or random; with a scope of your own', many: true },
    frames: { placeholder: 'N', help: 'scope: frames (default 4)' },
    chunk: { placeholder: 'N', help: 'scope: frames of a chunk, a power of two (default 4, or fewer)' },
    threads: { placeholder: 'N', help: 'scope: threads (default 2)' },
    ops: { placeholder: 'N', help: 'scope: commands of each thread (default 1)' },
    executions: { placeholder: 'N', help: 'exhaustive: of one scenario at most (default 2,000,000); random: of each scenario (default 400)' },
    scenarios: { placeholder: 'N', help: 'random: scenarios (default 300)' },
    scenario: { placeholder: 'TOKEN', help: 'judge this one, exhaustively', many: true },
    invariant: { placeholder: 'ID', help: 'only violations of this invariant count', many: true },
    bail: { placeholder: 'N', help: 'stop after N different violations of a subject (default 1)' },
    seed: { placeholder: 'N', help: 'for generated scenarios and random walks (default 1)' },
    time: { placeholder: '60s', help: 'stop after this long, with a partial report' },
    config: { placeholder: 'PATH', help: 'another configuration' },
    'no-shrink': { help: 'leave counterexamples as they are found' },
    list: { help: 'print what would be judged, and how' },
    ...commonOptions,
  },
  run: runCheck,
};

async function runCheck(parsed: Parsed): Promise<number> {
  const found = await findConfig(parsed.text('config'));
  const targets = chooseSubjects(parsed.positionals, found);
  const preset = presetOf(parsed.text('preset') ?? found?.config.preset ?? 'ci');
  const own = ownPhases(parsed);
  const scenarios = parsed.texts('scenario').map(parseScenario);
  const phases = scenarios.length > 0 && own === undefined ? [] : (own ?? presets[preset].phases);
  const plan: CheckPlan = {
    phases, scenarios,
    seed: parsed.count('seed', 0, 0xffff_ffff) ?? found?.config.seed ?? 1,
    bail: parsed.count('bail', 1) ?? found?.config.bail ?? 1,
    shrinkExecutions: parsed.flag('no-shrink') ? 0 : shrinkExecutions,
    executionsMax: parsed.count('executions', 1) ?? 2_000_000,
    invariants: parsed.texts('invariant').map(knownInvariant),
  };
  const until = performance.now() + timeLimit(parsed.text('time'));
  if (parsed.flag('list')) {
    await print(targets.map((target) => `${subjectName(target)}\n${phases.map((phase) => `  ${phase.strategy} ${describeScope(phase.scope)}\n`).join('')}`).join(''));
    return exitCodes.held;
  }
  const loaded = [];
  for (const target of targets) loaded.push(await loadSubject(target));

  const json = parsed.flag('json');
  const paint = paintFor(process.stdout, !parsed.flag('no-color'));
  const progress = new Progress(parsed.flag('quiet') || json);
  const interrupt = new Interrupt();
  const started = performance.now();
  const name = scenarios.length > 0 && own === undefined ? 'the given scenarios' : own === undefined ? `preset ${preset}` : 'the given scope';
  const tool = { name: 'frameproof', version: toolVersion() } as const;
  if (!json) await print(`${headingText({ tool, seed: plan.seed }, name)}\n`);
  const subjects: SubjectReport[] = [];
  let cut = false;
  for (const subject of loaded) {
    if (cut) break;
    if (!json) await print(`\n ${paint('bold', subject.module)}\n`);
    const report = await checkOne(subject, plan, { interrupt, progress, until, paint, json, quiet: parsed.flag('quiet') });
    subjects.push(report);
    if (!json) await print(`${subjectText(report, paint)}\n`);
    cut = interrupt.interrupted;
  }
  interrupt.done();
  const verdict: Verdict = subjects.some((each) => each.verdict === 'violated') ? 'violated' : subjects.some((each) => each.verdict === 'inconclusive') || cut ? 'inconclusive' : 'held';
  const report: CheckReport = { schemaVersion, tool, command: 'check', seed: plan.seed, preset: name, verdict, interrupted: cut, durationMs: Math.round(performance.now() - started), subjects };
  const diverged = verdict !== 'violated' && subjects.some((each) => each.diverged === true);
  const exit = cut ? exitCodes.interrupted : diverged ? exitCodes.diverged : exitCodes[verdict];
  await print(json ? `${JSON.stringify(report, undefined, 2)}\n` : `\n${closingText(report, exit, paint)}\n`);
  return exit;
}

interface Surroundings {
  readonly interrupt: Interrupt;
  readonly progress: Progress;
  readonly until: number;
  readonly paint: Paint;
  readonly json: boolean;
  readonly quiet: boolean;
}

async function checkOne(subject: Awaited<ReturnType<typeof loadSubject>>, plan: CheckPlan, around: Surroundings): Promise<SubjectReport> {
  const { interrupt, progress, until, paint, json, quiet } = around;
  const context = { stop: () => interrupt.interrupted || performance.now() > until, now: () => performance.now() };
  const run = check(subject, plan, context);
  try {
    for (;;) {
      const next = run.next();
      if (next.done === true) {
        progress.clear();
        return next.value;
      }
      await match(next.value)
        .with({ kind: 'progress' }, async ({ subject: name, phase, scenarios, total, executions }) => {
          progress.say(`   ${name} · ${phase} · ${scenarios}${total === undefined ? '' : ` of ${total}`} scenarios · ${executions} executions`);
          await interrupt.breathe();
        })
        .with({ kind: 'shrinking' }, async ({ subject: name, commands, tried }) => {
          progress.say(`   ${name} · shrinking: ${commands} commands, ${tried} reductions tried`);
          await interrupt.breathe();
        })
        .with({ kind: 'violation' }, async ({ subject: name, invariant }) => {
          progress.say(`   ${name} · ${invariant} is broken`);
        })
        .with({ kind: 'phase' }, async ({ report }) => {
          progress.clear();
          if (!json && !quiet) await print(`${phaseText(report, paint)}\n`);
        })
        .exhaustive();
    }
  } catch (error) {
    progress.clear();
    if (error instanceof Divergence) return divergedReport(subject, error);
    if (error instanceof SubjectError) throw subjectTrouble(subject, error);
    throw error;
  }
}

/** Nothing that such a subject does can be trusted, neither that it fails nor that it holds. */
function divergedReport({ subject, module }: LoadedSubject, error: Divergence): SubjectReport {
  const coverage = { scenarios: 0, executions: 0, blocked: 0, redundant: 0, incomplete: 0, steps: 0, exhausted: false, modelTransitions: { covered: 0, total: 0, missing: [] }, stepsMax: {} };
  const note = `diverged at step ${error.step + 1}: ${error.message}. Something outside of the shared memory decides (a clock, Math.random, state of a module): hand it in through create(), or keep it in the shared memory`;
  return { name: subject.name, module, verdict: 'inconclusive', diverged: true, coverage, phases: [], violations: [], invariantsHeld: 0, notes: [note] };
}

function presetOf(name: string): PresetName {
  if (!Object.hasOwn(presets, name)) throw new UsageError(`--preset ${name}: expected ${Object.keys(presets).join(', ')}`);
  return name as PresetName;
}

function knownInvariant(id: string): string {
  if (!invariants.some((each) => each.id === id)) throw new UsageError(`--invariant ${id}: no such invariant; 'frameproof invariants' lists them`);
  return id;
}

/** A scope given by options, instead of a preset. */
function ownPhases(parsed: Parsed): readonly Phase[] | undefined {
  const wanted = parsed.texts('strategy').map((name): Strategy => {
    if (!strategies.includes(name as Strategy)) throw new UsageError(`--strategy ${name}: expected ${strategies.join(' or ')}`);
    return name as Strategy;
  });
  const frames = parsed.count('frames', 1, 4096);
  const chunkFrames = parsed.count('chunk', 1, 4096);
  const threads = parsed.count('threads', 1, 26);
  const ops = parsed.count('ops', 1, 20);
  if (wanted.length === 0 && frames === undefined && chunkFrames === undefined && threads === undefined && ops === undefined) return undefined;
  const scope = scopeOf({ frames: frames ?? 4, threads: threads ?? 2, ops: ops ?? 1, ...(chunkFrames === undefined ? {} : { chunkFrames }) });
  const why = whyNoGeometry(geometryOf(scope));
  if (why !== undefined) throw new UsageError(`impossible geometry: ${why}`);
  return (wanted.length === 0 ? (['exhaustive'] as const) : wanted).map((strategy): Phase =>
    strategy === 'exhaustive'
      ? { strategy, scope }
      : { strategy, scope: { ...scope, prefixOps: 3, countMax: Math.min(scope.frames, 2 ** scope.maxOrder) }, scenarios: parsed.count('scenarios', 1) ?? 300, executions: parsed.count('executions', 1) ?? 400 },
  );
}
