import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { decisionsOf, describeReplay, replay, type Failure, type Replayed } from '../../spec/counterexample.ts';
import type { CrashPurpose } from '../../spec/crash-judge.ts';
import { claimsOf } from '../../spec/crashes.ts';
import { threadName, type Decision } from '../../spec/decision.ts';
import { SubjectError } from '../../spec/explore/subject-error.ts';
import { Divergence, type Crash } from '../../spec/explore/execution.ts';
import { threadOf, turnOf } from '../../spec/explore/turn.ts';
import { finding, invariants } from '../../spec/invariants.ts';
import { schemaVersion, type CheckReport, type ViolationReport } from '../../spec/report.ts';
import { judgeDefaults } from '../../spec/scenario-judge.ts';
import { parseReplay, printReplay, TokenError, type Replayable } from '../../spec/token.ts';
import type { CliCommand } from '../command.ts';
import { exitCodes, UsageError } from '../exit-codes.ts';
import { commonOptions, type Parsed } from '../options.ts';
import { fromTyped, shown } from '../paths.ts';
import { violationText } from '../reports/counterexample.ts';
import { loadSubject, subjectTrouble } from '../subjects.ts';
import { paintFor, print } from '../terminal.ts';

export const replayCommand: CliCommand = {
  name: 'replay',
  summary: 'run one counterexample again, step by step',
  usage: `frameproof replay TOKEN|FILE [SUBJECT] [options]

TOKEN is the line that a failing check prints; FILE a JSON report of check, whose first counterexample is taken. SUBJECT replays it on
another allocator than the one it names. Says whether it still fails, and in the same way.

Examples:
  frameproof replay 'builtin:hybrid | f2c2o1 | A: allocate(1) B: allocate(1) | A3B4A2'
  frameproof replay report.json ./repaired.subject.ts

Exit codes: 0 no longer fails, 1 still fails, 2 usage, 4 the schedule could not be followed or a thread behaved differently on the same values.`,
  options: commonOptions,
  run: runReplay,
};

interface Target extends Replayable {
  /** What it broke when it was found, if the file says. */
  readonly invariant?: string;
}

async function runReplay(parsed: Parsed): Promise<number> {
  const [given, other, ...more] = parsed.positionals;
  if (given === undefined || more.length > 0) throw new UsageError("replay takes a token or a file, and perhaps a subject: frameproof replay 'builtin:hybrid | f2c2o1 | A: allocate(1) | A9'");
  const target = targetOf(given);
  const subject = other ?? target.subject;
  if (subject === '') throw new UsageError('the token names no subject; give one: frameproof replay TOKEN ./mine.subject.ts');
  const loaded = await loadSubject(subject.startsWith('builtin:') ? subject : fromTyped(subject));
  const { turns: decisions, crashes, timeouts } = turnsOf(target.schedule);
  let replayed: Replayed;
  try {
    const claims = claimsOf(loaded.subject);
    const purposes: readonly (CrashPurpose | undefined)[] = crashes.length === 0 ? [undefined] : claims.length === 0 ? ['crash'] : claims;
    const all = purposes.map((purpose) => replay(loaded, { scenario: target.scenario, decisions, ...(purpose === undefined ? {} : { crashes, purpose }) }, judgeDefaults, timeouts));
    replayed = (all.find(({ findings }) => findings[0]?.invariant === target.invariant) ?? all.find(({ findings }) => findings.length > 0) ?? all[0]) as Replayed;
  } catch (error) {
    if (error instanceof SubjectError) throw subjectTrouble(loaded, error);
    if (!(error instanceof Divergence)) throw error;
    process.stderr.write(`frameproof: diverged at step ${error.step + 1}: ${error.message}. Something outside of the shared memory decides (time, randomness, state of a module).\n`);
    return exitCodes.diverged;
  }
  const { execution } = replayed.judge;
  const followed = execution?.turns() ?? [];
  const [first, ...also] = replayed.findings;
  const strayed = replayed.strayed >= 0;
  const failure: Failure = { scenario: target.scenario, decisions: followed, finding: first ?? finding('FP-LIN-1', 'holds'), ...replayed.judge.stopped };
  const counterexample = describeReplay(loaded, failure, replayed, judgeDefaults);
  const again = `frameproof replay '${printReplay({ subject: loaded.module, scenario: target.scenario, schedule: decisionsOf(followed, execution) })}'`;
  const exit = strayed ? exitCodes.diverged : first === undefined ? exitCodes.held : exitCodes.violated;
  const strayedText = strayed ? `the schedule could not be followed from step ${replayed.strayed + 1} on: the program has changed since` : '';
  if (parsed.flag('json')) {
    const result = {
      schemaVersion, command: 'replay', verdict: first === undefined ? 'held' : 'violated', ending: replayed.ending,
      strayedAt: strayed ? replayed.strayed + 1 : null, invariant: first?.invariant ?? null, layer: first?.layer ?? null, message: first?.message ?? strayedText,
      alsoBroken: also.map(({ invariant }) => invariant), sameAsBefore: target.invariant === undefined ? null : target.invariant === first?.invariant, counterexample, replay: again,
    };
    await print(`${JSON.stringify(result, undefined, 2)}\n`);
    return exit;
  }
  const paint = paintFor(process.stdout, !parsed.flag('no-color'));
  const violation: ViolationReport = {
    invariant: failure.finding.invariant, layer: failure.finding.layer, alsoBroken: also.map(({ invariant }) => invariant), message: failure.finding.message,
    step: failure.finding.step === undefined ? null : failure.finding.step + 1, counterexample,
    shrink: { from: { commands: counterexample.commands, steps: counterexample.steps, preemptions: counterexample.preemptions }, minimal: false, tried: 0 }, replay: again,
  };
  const text = violationText(violation, paint).split('\n');
  const body = first === undefined ? text.slice(4).filter((line) => !line.startsWith(' explain') && !line.startsWith(' shrunk')) : text.filter((line) => !line.startsWith(' shrunk'));
  const same = target.invariant !== undefined && first !== undefined && target.invariant !== first.invariant ? ` · it broke ${target.invariant} when it was found` : '';
  const verdict = first === undefined ? paint('green', 'holds: no invariant is broken along this schedule') : paint('red', `still fails: ${first.invariant}${same}`);
  await print(`${body.join('\n')}\n\n ${strayed ? `${paint('yellow', `? ${strayedText}`)}\n ` : ''}${verdict} · exit ${exit}\n`);
  return exit;
}

/** The turns of a schedule, which of them are timeouts, and after how many own steps which thread stops for ever. */
function turnsOf(schedule: readonly Decision[]): { turns: number[]; crashes: Crash[]; timeouts: Set<number> } {
  const turns: number[] = [];
  const crashes: Crash[] = [];
  const timeouts = new Set<number>();
  for (const decision of schedule) {
    if (decision.kind === 'timeout') timeouts.add(turns.length);
    if (decision.kind === 'run' || decision.kind === 'timeout') turns.push(decision.thread);
    else if (decision.kind === 'read') turns.push(turnOf(decision.thread, decision.write));
    else {
      const steps = turns.filter((turn) => threadOf(turn) === decision.thread).length;
      if (steps === 0) throw new UsageError(`the schedule has ${threadName(decision.thread)} stop for ever before its first step; leave the thread out instead`);
      crashes.push({ thread: decision.thread, steps });
    }
  }
  return { turns, crashes, timeouts };
}

function targetOf(given: string): Target {
  try {
    if (given.includes('|')) return parseReplay(given);
    const file = fromTyped(given);
    if (!existsSync(file)) throw new UsageError(`${given}: no such file, and no token either (a token has '|' between its parts)`);
    return fromReport(readFileSync(file, 'utf8'), shown(file));
  } catch (error) {
    throw error instanceof TokenError ? new UsageError(error.message) : error;
  }
}

function fromReport(text: string, file: string): Target {
  let report: Partial<CheckReport>;
  try {
    report = JSON.parse(text) as Partial<CheckReport>;
  } catch (error) {
    throw new UsageError(`${file}: not JSON: ${(error as Error).message}`);
  }
  if (report.schemaVersion !== schemaVersion) throw new UsageError(`${file}: schemaVersion ${String(report.schemaVersion)}; this version reads ${schemaVersion}`);
  const violations = report.subjects?.flatMap((subject) => subject.violations) ?? [];
  const violation = violations.find(({ counterexample }) => counterexample.scenario !== '');
  if (violation === undefined && violations.length > 0) throw new UsageError(`${file}: what it tells of was found on real threads, which followed no schedule that could be replayed`);
  const token = /^frameproof replay '(.*)'$/.exec(violation?.replay ?? '')?.[1];
  if (violation === undefined || token === undefined) throw new UsageError(`${file}: holds no counterexample`);
  return { ...parseReplay(token), ...(invariants.some(({ id }) => id === violation.invariant) ? { invariant: violation.invariant } : {}) };
}
