import type { CheckPlan } from '../spec/check.ts';
import { invariants } from '../spec/invariants.ts';
import { presets, strategies, type Phase, type PresetName, type Strategy } from '../spec/plan.ts';
import { geometryOf, scopeOf } from '../spec/scope.ts';
import { parseScenario, whyNoGeometry } from '../spec/token.ts';
import { UsageError } from './exit-codes.ts';
import { crossChecks } from './hand-over-phase.ts';
import type { Parsed } from './options.ts';
import type { RealThreads } from './real-threads.ts';
import { stressWish } from './stress-phases.ts';
import type { FoundConfig } from './subjects.ts';

const shrinkExecutions = 200_000;

/** A plan, and how it is called in reports. */
export interface NamedPlan {
  readonly plan: CheckPlan;
  readonly name: string;
  readonly real: RealThreads;
}

export function planOf(parsed: Parsed, found: FoundConfig | undefined): NamedPlan {
  const shard = shardOf(parsed.text('shard'));
  const preset = presetOf(parsed.text('preset') ?? found?.config.preset ?? 'ci');
  const seed = parsed.count('seed', 0, 0xffff_ffff) ?? found?.config.seed ?? 1;
  const stress = stressWish(parsed, seed);
  if (stress !== undefined && shard !== undefined) throw new UsageError('--strategy stress is not divided into shards: leave out --shard');
  const own = ownPhases(parsed);
  const scenarios = parsed.texts('scenario').map(parseScenario);
  const phases = scenarios.length > 0 && own === undefined ? [] : (own ?? presets[preset].phases);
  const plan: CheckPlan = {
    phases, scenarios,
    seed,
    bail: parsed.count('bail', 1) ?? found?.config.bail ?? 1,
    shrinkExecutions: parsed.flag('no-shrink') ? 0 : shrinkExecutions,
    executionsMax: parsed.count('executions', 1) ?? 2_000_000,
    invariants: parsed.texts('invariant').map(knownInvariant),
    ...(shard === undefined ? {} : { shard }),
  };
  const name = scenarios.length > 0 && own === undefined ? 'the given scenarios' : own === undefined ? `preset ${preset}` : 'the given scope';
  return { plan, name, real: { crossings: own === undefined && scenarios.length === 0 ? crossChecks[preset] : 0, stress } };
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
  const named = parsed.texts('strategy');
  const explored = named.filter((name) => name !== 'stress');
  if (named.length > 0 && explored.length === 0) return [];
  const wanted = explored.map((name): Strategy => {
    if (!strategies.includes(name as Strategy)) throw new UsageError(`--strategy ${name}: expected ${[...strategies, 'stress'].join(' or ')}`);
    return name as Strategy;
  });
  const frames = parsed.count('frames', 1, 4096);
  const chunkFrames = parsed.count('chunk', 1, 4096);
  const threads = parsed.count('threads', 1, 26);
  const ops = parsed.count('ops', 1, 20);
  const crashes = parsed.count('crashes', 0, 25);
  if (wanted.length === 0 && [frames, chunkFrames, threads, ops, crashes].every((each) => each === undefined)) return undefined;
  const scope = scopeOf({ frames: frames ?? 4, threads: threads ?? 2, ops: ops ?? 1, ...(chunkFrames === undefined ? {} : { chunkFrames }) });
  const why = whyNoGeometry(geometryOf(scope));
  if (why !== undefined) throw new UsageError(`impossible geometry: ${why}`);
  return (wanted.length === 0 ? (['exhaustive'] as const) : wanted).flatMap((strategy): Phase[] => {
    if (strategy === 'random') {
      return [{ strategy, scope: { ...scope, prefixOps: 3, countMax: Math.min(scope.frames, 2 ** scope.maxOrder) }, scenarios: parsed.count('scenarios', 1) ?? 300, executions: parsed.count('executions', 1) ?? 400 }];
    }
    return [{ strategy, scope }, ...((crashes ?? 0) > 0 ? [{ strategy: 'crash' as const, scope, crashes: crashes as number }] : []), ...(scope.threads > 1 ? [{ strategy: 'progress' as const, scope }] : [])];
  });
}

export function shardOf(text: string | undefined): CheckPlan['shard'] {
  if (text === undefined) return undefined;
  const [, index, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  if (index === undefined || Number(index) < 1 || Number(index) > Number(of)) throw new UsageError(`--shard ${text}: expected i/n with i from 1 to n, such as 1/3`);
  return { index: Number(index), of: Number(of) };
}
