import { match } from 'ts-pattern';
import type { CheckPlan } from '../spec/check.ts';
import { invariants } from '../spec/invariants.ts';
import { presets, strategies, type Phase, type PresetName, type Strategy } from '../spec/plan.ts';
import { geometryOf, scopeOf } from '../spec/scope.ts';
import { parseScenario, whyNoGeometry } from '../spec/token.ts';
import { UsageError } from './exit-codes.ts';
import { crossChecks } from './hand-over-phase.ts';
import type { Parsed } from './options.ts';
import type { FoundConfig } from './subjects.ts';

const shrinkExecutions = 200_000;

/** A plan, and how it is called in reports. */
export interface NamedPlan {
  readonly plan: CheckPlan;
  readonly name: string;
  /** Executions to run again on real threads. */
  readonly crossings: number;
}

export function planOf(parsed: Parsed, found: FoundConfig | undefined): NamedPlan {
  const shard = shardOf(parsed.text('shard'));
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
    ...(shard === undefined ? {} : { shard }),
  };
  const name = scenarios.length > 0 && own === undefined ? 'the given scenarios' : own === undefined ? `preset ${preset}` : 'the given scope';
  return { plan, name, crossings: own === undefined && scenarios.length === 0 ? crossChecks[preset] : 0 };
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
    if (!strategies.includes(name as Strategy)) throw new UsageError(`--strategy ${name}: expected ${[...strategies, 'stress'].join(', ')}`);
    return name as Strategy;
  });
  const frames = parsed.count('frames', 1, 4096);
  const chunkFrames = parsed.count('chunk', 1, 4096);
  const threads = parsed.count('threads', 1, 26);
  const ops = parsed.count('ops', 1, 20);
  const crashes = parsed.count('crashes', 0, 25);
  for (const [option, strategy] of [['preemptions', 'bounded'], ['depth', 'pct']] as const) {
    if (parsed.text(option) === undefined || wanted.includes(strategy)) continue;
    if (wanted.length > 0) throw new UsageError(`--${option} goes with --strategy ${strategy}, not with ${wanted.join(' or ')}`);
    wanted.push(strategy);
  }
  if (wanted.length === 0 && [frames, chunkFrames, threads, ops, crashes].every((each) => each === undefined)) return undefined;
  const scope = scopeOf({ frames: frames ?? 4, threads: threads ?? 2, ops: ops ?? 1, ...(chunkFrames === undefined ? {} : { chunkFrames }) });
  const why = whyNoGeometry(geometryOf(scope));
  if (why !== undefined) throw new UsageError(`impossible geometry: ${why}`);
  const sampled = { ...scope, prefixOps: 3, countMax: Math.min(scope.frames, 2 ** scope.maxOrder) };
  const some = { scenarios: parsed.count('scenarios', 1) ?? 300, executions: parsed.count('executions', 1) ?? 400 };
  const preemptions = parsed.count('preemptions', 0, 1000) ?? 2;
  const depth = parsed.count('depth', 1, 10) ?? 3;
  return (wanted.length === 0 ? (['exhaustive'] as const) : wanted).flatMap((strategy) =>
    match<Strategy, Phase[]>(strategy)
      .with('exhaustive', () => [
        { strategy: 'exhaustive', scope },
        ...((crashes ?? 0) > 0 ? [{ strategy: 'crash' as const, scope, crashes: crashes as number }] : []),
        ...(scope.threads > 1 ? (['progress', 'stale'] as const).map((strategy) => ({ strategy, scope })) : []),
      ])
      .with('bounded', () => [{ strategy: 'bounded', scope, preemptions }])
      .with('pct', () => [{ strategy: 'pct', scope: sampled, ...some, depth }])
      .with('random', () => [{ strategy: 'random', scope: sampled, ...some }])
      .exhaustive(),
  );
}

export function shardOf(text: string | undefined): CheckPlan['shard'] {
  if (text === undefined) return undefined;
  const [, index, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  if (index === undefined || Number(index) < 1 || Number(index) > Number(of)) throw new UsageError(`--shard ${text}: expected i/n with i from 1 to n, such as 1/3`);
  return { index: Number(index), of: Number(of) };
}
