import type { InvariantId } from './invariants.ts';
import { OwnSteps } from './own-steps.ts';
import { schemaVersion, type CheckReport, type Coverage, type PhaseReport, type SubjectReport, type ViolationReport } from './report.ts';
import { heldOf } from './tally.ts';

/** A report as it was read, and where from. */
export interface Part {
  readonly file: string;
  readonly report: CheckReport;
}

/** Reports that are no parts of one check. */
export class MergeError extends Error {
  override readonly name = 'MergeError';
}

/** Why a parsed file is no report of a shard, or undefined. */
export function whyNoPart(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('schemaVersion' in value)) return 'no report: it has no schemaVersion';
  if (value.schemaVersion !== schemaVersion) return `schemaVersion ${String(value.schemaVersion)}; this version reads ${schemaVersion}`;
  if (!('command' in value) || value.command !== 'check' || !('subjects' in value) || !Array.isArray(value.subjects)) return 'no report of check';
  if (!('shard' in value) || typeof value.shard !== 'object' || value.shard === null) return 'a report of a whole check; only what --shard i/n printed with --json can be merged';
  const { index, of } = value.shard as Record<string, unknown>;
  if (!Number.isInteger(index) || !Number.isInteger(of) || (index as number) < 1 || (index as number) > (of as number)) return `shard ${String(index)} of ${String(of)}`;
  return undefined;
}

/** One report out of those of shards, and the shards that are missing. Throws {@link MergeError} on what does not belong together. */
export function mergeParts(parts: readonly Part[]): { report: CheckReport; missing: readonly number[] } {
  const [first, ...others] = parts as [Part, ...Part[]];
  const { of } = first.report.shard as NonNullable<CheckReport['shard']>;
  for (const { file, report } of others) {
    const differs = (what: string, theirs: unknown, ours: unknown): void => {
      if (theirs !== ours) throw new MergeError(`${file} has ${what} ${String(theirs)}, and ${first.file} has ${String(ours)}: no parts of one check`);
    };
    differs('version', report.tool.version, first.report.tool.version);
    differs('seed', report.seed, first.report.seed);
    differs('preset', report.preset, first.report.preset);
    differs('a number of shards of', report.shard?.of, of);
    if (report.plan !== first.report.plan) throw new MergeError(`${file} and ${first.file} have different plans, or sources of a subject that differ: no parts of one check`);
  }
  const byIndex = new Map<number, Part>();
  for (const part of parts) {
    const { index } = part.report.shard as NonNullable<CheckReport['shard']>;
    const known = byIndex.get(index);
    if (known !== undefined) throw new MergeError(`${part.file} and ${known.file} are both shard ${index} of ${of}`);
    byIndex.set(index, part);
  }
  const missing = Array.from({ length: of }, (_, at) => at + 1).filter((index) => !byIndex.has(index));
  const reports = [...byIndex].sort(([a], [b]) => a - b).map(([, { report }]) => report);
  const modules = [...new Set(reports.flatMap(({ subjects }) => subjects.map(({ module }) => module)))];
  const subjects = modules.map((module) => {
    const same = reports.flatMap((report) => report.subjects.find((each) => each.module === module) ?? []);
    return mergeSubjects(same, missing.length === 0 && same.length === reports.length);
  });
  const verdict = subjects.some((each) => each.verdict === 'violated') ? 'violated' : subjects.every((each) => each.verdict === 'held') ? 'held' : 'inconclusive';
  const { shard: _shard, resume: _resume, ...common } = first.report;
  return { report: { ...common, verdict, interrupted: reports.some(({ interrupted }) => interrupted), durationMs: most(reports, ({ durationMs }) => durationMs), subjects }, missing };
}

function mergeSubjects(parts: readonly SubjectReport[], all: boolean): SubjectReport {
  const { name, module } = parts[0] as SubjectReport;
  const violations = firstOfEach(parts.flatMap((part) => part.violations));
  const coverage = mergeCoverages(parts.map((part) => part.coverage), all);
  const held = all && parts.every(({ verdict }) => verdict === 'held') && coverage.executions > 0;
  const judged = [...new Set(parts.flatMap((part) => part.judged))].sort();
  const phases = parts.reduce((longest, part) => (part.phases.length > longest.length ? part.phases : longest), [] as readonly PhaseReport[]);
  return {
    name, module, verdict: violations.length > 0 ? 'violated' : held ? 'held' : 'inconclusive', coverage,
    phases: phases.map((_phase, at) => mergePhases(parts.map((part) => part.phases[at]), all)),
    violations, invariantsHeld: heldOf(violations, new Set<InvariantId>(judged)), judged,
    ...(parts.some(({ diverged }) => diverged === true) ? { diverged: true } : {}),
    notes: [...new Set(parts.flatMap(({ notes }) => notes))],
  };
}

function mergeCoverages(parts: readonly Coverage[], all: boolean): Coverage {
  const sum = (count: (part: Coverage) => number): number => parts.reduce((total, part) => total + count(part), 0);
  // A shard without a scenario has no model, and misses nothing of it.
  const models = parts.map(({ modelTransitions }) => modelTransitions).filter(({ total }) => total > 0);
  const missing = (models[0]?.missing ?? []).filter((name) => models.every((model) => model.missing.includes(name)));
  const total = most(models, (model) => model.total);
  const steps = new OwnSteps(undefined);
  for (const { progress } of parts) steps.add(Object.fromEntries(Object.entries(progress).map(([name, { alone, byInterference }]) => [name, [[0, alone], ...byInterference]])));
  const names = [...new Set(parts.flatMap(({ stepsMax }) => Object.keys(stepsMax)))];
  return {
    scenarios: sum(({ scenarios }) => scenarios), executions: sum(({ executions }) => executions), blocked: sum(({ blocked }) => blocked),
    redundant: sum(({ redundant }) => redundant), incomplete: sum(({ incomplete }) => incomplete), steps: sum(({ steps }) => steps),
    exhausted: all && parts.every(({ exhausted }) => exhausted),
    modelTransitions: { covered: total - missing.length, total, missing },
    stepsMax: Object.fromEntries(names.map((name) => [name, most(parts, ({ stepsMax }) => stepsMax[name] ?? 0)])),
    progress: steps.seen(),
  };
}

function mergePhases(parts: readonly (PhaseReport | undefined)[], all: boolean): PhaseReport {
  const there = parts.filter((part) => part !== undefined);
  const [first] = there as [PhaseReport, ...PhaseReport[]];
  // Real threads are not divided among shards.
  const whole = all && (there.length === parts.length || first.strategy === 'cross-check' || first.strategy === 'stress');
  return {
    strategy: first.strategy, scope: first.scope, claim: mergeClaims(there), plannedExhaustive: first.plannedExhaustive, violated: there.some(({ violated }) => violated),
    exhausted: whole && there.every(({ exhausted }) => exhausted),
    scenarios: there.reduce((sum, { scenarios }) => sum + scenarios, 0), executions: there.reduce((sum, { executions }) => sum + executions, 0),
    durationMs: most(there, ({ durationMs }) => durationMs),
    note: there.find(({ note }) => note !== '')?.note ?? (whole ? '' : 'of some shards only'),
    ...(whole && there.every(({ unendingMost }) => unendingMost !== undefined) ? { unendingMost: most(there, ({ unendingMost = 0 }) => unendingMost) } : {}),
  };
}

/** How many scenarios were exhausted adds up; what is said otherwise stands side by side. */
function mergeClaims(parts: readonly PhaseReport[]): string {
  const exhausted = parts.map(({ claim, scenarios }) => {
    if (claim === 'exhausted') return scenarios;
    return claim === 'sampled' ? 0 : Number(/^sampled, (\d+) of \d+ scenarios exhausted$/.exec(claim)?.[1]);
  });
  const all = parts.reduce((sum, { scenarios }) => sum + scenarios, 0);
  const some = exhausted.reduce((sum, count) => sum + count, 0);
  if (Number.isNaN(some)) return [...new Set(parts.map(({ claim }) => claim))].join('; ');
  return some === all ? 'exhausted' : `sampled${some === 0 ? '' : `, ${some} of ${all} scenarios exhausted`}`;
}

/** The violation of each invariant and layer that a whole check would have met first. */
function firstOfEach(violations: readonly ViolationReport[]): ViolationReport[] {
  const place = ({ place: { phase, scenario } = { phase: 0, scenario: 0 } }: ViolationReport): readonly [number, number] => [phase, scenario];
  const sorted = [...violations].sort((a, b) => place(a)[0] - place(b)[0] || place(a)[1] - place(b)[1]);
  return sorted.filter(({ invariant, layer }, at) => sorted.findIndex((each) => each.invariant === invariant && each.layer === layer) === at);
}

const most = <Each>(parts: readonly Each[], measure: (part: Each) => number): number => parts.reduce((max, part) => Math.max(max, measure(part)), 0);
