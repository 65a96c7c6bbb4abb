import { counts } from './commands/allocate.ts';
import { entryOf, type AllocateCommand, type Command } from './commands/index.ts';
import type { Geometry, Subject } from './contract.ts';
import { preemptionsOf, readsStale, type Failure, type Shrunk } from './counterexample.ts';
import { variants, withoutBurials, type Variant } from './crashes.ts';
import { Dpor } from './explore/dpor.ts';
import { SubjectError } from './explore/subject-error.ts';
import { BoundedPreemptions } from './explore/preemptions.ts';
import { explore, type Scheduler } from './explore/scheduler.ts';
import { staleMost } from './explore/stale-reads.ts';
import { Models } from './models.ts';
import { ScenarioJudge, type JudgeOptions } from './scenario-judge.ts';
import { commandCount, renumbered, whyImpossible, type Scenario } from './scenario.ts';
import type { LoadedSubject } from './subject.ts';
import { whyNoGeometry } from './token.ts';

export interface ShrinkOptions {
  /** Executions in all that the search may take; 0: leave the failure as it is. */
  readonly executionsMax: number;
  readonly judge: JudgeOptions;
  readonly stop: () => boolean;
}

/** Executions that one reduction may take before it is given up. */
const executionsPerTry = 4000;

/**
 * Reduces a failure while it stays the same one (invariant and layer): commands, threads, geometry, then preemptions. A reduction is
 * judged by exploring it anew, so it may fail along another schedule.
 */
export function* shrink(loaded: LoadedSubject, original: Failure, options: ShrinkOptions): Generator<{ commands: number; tried: number }, Shrunk> {
  if (options.executionsMax === 0) return { failure: original, minimal: false, tried: 0 };
  const search = new Search(loaded, original, options);
  let failure = original;
  if (readsStale(original.decisions)) {
    // A failure that no stale read is needed for is better told without.
    const found = search.failsSomehow(original.scenario, (stepsMax) => new Dpor(stepsMax, 31), executionsPerTry);
    if (found !== undefined && found !== 'gave up') failure = found;
    else search.readStale();
  }
  let minimal = false;
  for (let progress = true; progress; ) {
    progress = false;
    minimal = true;
    for (const candidate of reductions(withoutBurials(failure.scenario), loaded.subject)) {
      const found = search.failsSomehow(candidate, (stepsMax) => new Dpor(stepsMax, 31), executionsPerTry);
      yield { commands: commandCount(failure.scenario), tried: search.tried };
      if (found === 'gave up') minimal = false;
      if (found === 'gave up' || found === undefined) continue;
      failure = found;
      progress = true;
      break;
    }
    if (search.spent()) minimal = false;
  }
  const preemptions = preemptionsOf(failure, loaded, options.judge);
  // A livelock is made of preemptions.
  if (preemptions === 0 || failure.finding.invariant === 'FP-PRG-4') return { failure, minimal, tried: search.tried };
  const found = search.fails(failure, (stepsMax) => new BoundedPreemptions(stepsMax, failure.scenario.threads.length, preemptions - 1), 4 * executionsPerTry);
  if (found === 'gave up') minimal = false;
  else if (found !== undefined) failure = found;
  return { failure, minimal, tried: search.tried };
}

class Search {
  tried = 0;
  /** Whether the threads to stop did stop in the search that ended last. */
  #reached = false;
  #left: number;
  readonly #loaded: LoadedSubject;
  readonly #original: Failure;
  #options: ShrinkOptions;
  readonly #models = new Models();

  constructor(loaded: LoadedSubject, original: Failure, options: ShrinkOptions) {
    this.#loaded = loaded;
    this.#original = original;
    this.#options = options;
    this.#left = options.executionsMax;
  }

  /** From now on hints may be stale. */
  readStale(): void {
    this.#options = { ...this.#options, judge: { ...this.#options.judge, staleMost } };
  }

  spent(): boolean {
    return this.#left <= 0 || this.#options.stop();
  }

  /** The same failure on a scenario, with as many threads stopped for ever, at whichever of their steps. */
  failsSomehow(scenario: Scenario, scheduler: (stepsMax: number) => Scheduler, budget: number): Failure | 'gave up' | undefined {
    const { crashes, purpose = 'crash' } = this.#original;
    if (crashes === undefined) return this.fails({ scenario }, scheduler, budget);
    const ways = variants(this.#loaded, scenario, [{ purpose, least: crashes.length, most: crashes.length }]);
    for (let way = ways.next(false); way.done !== true; ) {
      const found = this.fails(way.value, scheduler, budget);
      if (found !== undefined) return found;
      way = ways.next(this.#reached);
    }
    return undefined;
  }

  /** The same failure on a scenario, undefined if it holds, or that the budget did not suffice to say. */
  fails({ scenario, crashes, purpose }: Pick<Variant, 'scenario'> & Partial<Variant>, scheduler: (stepsMax: number) => Scheduler, budget: number): Failure | 'gave up' | undefined {
    if (this.spent()) return 'gave up';
    this.tried++;
    const { invariant, layer } = this.#original.finding;
    const stopping = crashes === undefined ? {} : { crashes, purpose: purpose ?? ('crash' as const) };
    const judge = this.#judge(scenario, stopping);
    this.#reached = false;
    if (judge === undefined) return undefined;
    const { execution, prefixFinding } = judge;
    if (execution === undefined) {
      const same = prefixFinding?.invariant === invariant && prefixFinding.layer === layer;
      return same ? { scenario, decisions: [], finding: prefixFinding } : undefined;
    }
    let executions = 0;
    for (const ending of explore(execution, scheduler(this.#options.judge.stepsMax))) {
      const found = judge.judge(ending);
      if (found?.invariant === invariant && found.layer === layer) {
        return { scenario, decisions: execution.turns(), finding: found, ...stopping };
      }
      this.#reached = judge.crash?.reached === true;
      this.#left--;
      executions++;
      if (executions >= budget || this.spent()) return 'gave up';
    }
    return undefined;
  }

  /** A reduction may have a geometry that the subject cannot lay out: then it is none. */
  #judge(scenario: Scenario, stopping: Partial<Variant>): ScenarioJudge | undefined {
    try {
      return new ScenarioJudge(this.#loaded, scenario, this.#models, { ...this.#options.judge, ...stopping });
    } catch (error) {
      if (error instanceof SubjectError) return undefined;
      throw error;
    }
  }
}

/** Simpler scenarios, the boldest first. */
function* reductions(scenario: Scenario, subject: Subject): Generator<Scenario> {
  for (const candidate of candidates(scenario, subject)) {
    if (whyImpossible(candidate) === undefined && whyNoGeometry(candidate.geometry) === undefined) yield renumbered(candidate);
  }
}

function* candidates(scenario: Scenario, subject: Subject): Generator<Scenario> {
  const { geometry, prefix, threads } = scenario;
  if (threads.length > 1) {
    for (let thread = 0; thread < threads.length; thread++) yield withoutThread(scenario, thread);
  }
  if (prefix.length > 1) yield drop(scenario, prefix.map(({ command }) => command));
  for (const { command } of prefix) yield drop(scenario, [command]);
  for (const command of threads.flat()) yield drop(scenario, [command]);
  yield* withoutAllocate(scenario, subject);
  // A command that need not be concurrent.
  for (const [thread, commands] of threads.entries()) {
    const [first, ...rest] = commands;
    if (first === undefined || thread >= geometry.workers) continue;
    yield { geometry, prefix: [...prefix, { worker: thread, command: first }], threads: threads.map((each, at) => (at === thread ? rest : each)) };
  }
  for (const [at, { worker, command }] of prefix.entries()) {
    for (const simpler of entryOf(command).shrink(command)) yield { ...scenario, prefix: prefix.map((each, index) => (index === at ? { worker, command: simpler } : each)) };
    if (worker > 0) yield { ...scenario, prefix: prefix.map((each, index) => (index === at ? { worker: 0, command } : each)) };
  }
  for (const [thread, commands] of threads.entries()) {
    for (const [at, command] of commands.entries()) {
      for (const simpler of entryOf(command).shrink(command)) {
        yield { ...scenario, threads: threads.map((each, number) => (number === thread ? each.map((old, index) => (index === at ? simpler : old)) : each)) };
      }
    }
  }
  for (const simpler of geometries(geometry)) yield { ...scenario, geometry: simpler };
}

function* geometries(geometry: Geometry): Generator<Geometry> {
  const { frames, firstFrame, chunkFrames, maxOrder, reserved, marks, ...rest } = geometry;
  const whole = { frames, firstFrame, chunkFrames, maxOrder, reserved };
  if (marks !== undefined) yield { ...rest, ...whole };
  const kept = marks === undefined ? {} : { marks };
  if (reserved.length > 0) yield { ...rest, ...whole, ...kept, reserved: [] };
  if (firstFrame > 0) yield { ...rest, ...whole, ...kept, firstFrame: 0, reserved: reserved.map(({ start, count }) => ({ start: start - firstFrame, count })) };
  for (const fewer of [1, 2, frames >> 1, frames - 1]) {
    if (fewer >= 1 && fewer < frames) yield { ...rest, ...whole, ...kept, frames: fewer };
  }
  if (chunkFrames > 2) yield { ...rest, ...whole, ...kept, chunkFrames: chunkFrames >> 1 };
  if (maxOrder > 0 && 2 ** (maxOrder - 1) >= chunkFrames) yield { ...rest, ...whole, ...kept, maxOrder: maxOrder - 1 };
}

/** Without an allocate, whose run is freed by number, or whose frames another allocate asks for as well. */
function* withoutAllocate(scenario: Scenario, { features = {}, limits }: Subject): Generator<Scenario> {
  const { geometry, prefix, threads } = scenario;
  const all = [...prefix.map(({ command }) => command), ...threads.flat()];
  const allocates = all.filter((command): command is AllocateCommand => command.name === 'allocate');
  const askable = counts(features, Math.min(geometry.frames, 2 ** geometry.maxOrder, limits?.countMax ?? Infinity));
  const rewritten = (change: (command: Command) => Command): Scenario => ({
    geometry, prefix: prefix.map(({ worker, command }) => ({ worker, command: change(command) })), threads: threads.map((commands) => commands.map(change)),
  });
  for (const gone of allocates) {
    const byNumber = rewritten((command) => {
      if (command.name !== 'free' || !('variable' in command.target) || command.target.variable !== gone.variable) return command;
      return { name: 'free', target: { frame: geometry.firstFrame + command.target.offset }, count: command.count ?? gone.count };
    });
    yield drop(byNumber, [gone]);
    for (const other of allocates) {
      const count = other.count + gone.count;
      if (other === gone || !askable.includes(count)) continue;
      yield drop(rewritten((command) => (command === other ? { ...other, count } : command)), [gone]);
    }
  }
}

/** Without some commands, and without those that need a run of theirs. */
function drop({ geometry, prefix, threads }: Scenario, dropped: readonly Command[]): Scenario {
  const lost = new Set(dropped.flatMap((command) => entryOf(command).binds(command) ?? []));
  const stays = (command: Command): boolean => !dropped.includes(command) && !lost.has(entryOf(command).waitsFor(command) ?? -1);
  return { geometry, prefix: prefix.filter(({ command }) => stays(command)), threads: threads.map((commands) => commands.filter(stays)) };
}

/** Without a thread; later ones move up. */
function withoutThread(scenario: Scenario, gone: number): Scenario {
  const { geometry, prefix, threads } = drop(scenario, scenario.threads[gone] as Command[]);
  const rename = (worker: number): number => (worker === gone ? 0 : worker > gone ? worker - 1 : worker);
  const fewer = threads.filter((_, thread) => thread !== gone);
  return {
    geometry: { ...geometry, workers: Math.max(1, fewer.length) },
    prefix: prefix.map(({ worker, command }) => ({ worker: rename(worker), command })),
    threads: fewer,
  };
}
