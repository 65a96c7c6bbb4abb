import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CheckPlan } from '../spec/check.ts';
import type { CheckState } from '../spec/check-state.ts';
import { schemaVersion, type SubjectReport } from '../spec/report.ts';
import type { LoadedSubject } from '../spec/subject.ts';
import { UsageError } from './exit-codes.ts';
import { fromTyped } from './paths.ts';

/** Where an interrupted check is kept, below the folder where the command was typed. */
export const resumePath = (shard: CheckPlan['shard']): string => `.frameproof/latest/check${shard === undefined ? '' : `-${shard.index}-of-${shard.of}`}.json`;

/** How far a check got with one of its subjects; with neither, it has not begun. */
export interface Progressed {
  readonly report?: SubjectReport;
  readonly state?: CheckState;
  /** Explored to its end, but not run on real threads as was planned. */
  readonly explored?: SubjectReport;
}

/** A check that was interrupted. */
export interface Unfinished {
  readonly schemaVersion: typeof schemaVersion;
  readonly kind: 'unfinished check';
  readonly version: string;
  /** What was asked for, as arguments of the command. */
  readonly arguments: readonly string[];
  readonly plan: string;
  readonly sources: string;
  readonly durationMs: number;
  readonly subjects: readonly Progressed[];
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

/** A plan as a short text, equal for equal plans. */
export const planDigest = (plan: CheckPlan, subjects: readonly string[]): string =>
  digest(JSON.stringify([plan, subjects], (_, value: unknown) => (value === Infinity ? 'Infinity' : value)));

/** The sources of subjects as a short text. Without their paths: shards run on different machines. */
export const sourcesDigest = (subjects: readonly LoadedSubject[]): string => digest(JSON.stringify(subjects.map(({ module, files }) => [module, files.map((file) => readFileSync(file, 'utf8'))])));

/** What the shards of one check have in common. */
export const commonDigest = (plan: CheckPlan, subjects: readonly LoadedSubject[]): string =>
  digest(`${planDigest({ ...plan, shard: { index: 1, of: 1 } }, subjects.map(({ module }) => module))} ${sourcesDigest(subjects)}`);

/** Writes it whole or not at all. */
export function keep(path: string, unfinished: Unfinished): void {
  const file = fromTyped(path);
  const body = JSON.stringify(unfinished);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify({ checksum: digest(body) })}\n${body}\n`);
  renameSync(`${file}.new`, file);
}

export const forget = (path: string): void => rmSync(fromTyped(path), { force: true });

/** Reads what {@link keep} wrote. Throws {@link UsageError}. */
export function kept(path: string, version: string): Unfinished {
  const file = fromTyped(path);
  if (!existsSync(file)) throw new UsageError(`--resume: ${path}: no such file; a check that is interrupted by Ctrl-C or --time writes it`);
  const [head = '', body = ''] = readFileSync(file, 'utf8').split('\n');
  if (head !== JSON.stringify({ checksum: digest(body) })) throw new UsageError(`--resume: ${path}: damaged, or not written by an interrupted check; begin anew without --resume`);
  const unfinished = JSON.parse(body) as Unfinished;
  if (unfinished.schemaVersion !== schemaVersion) throw new UsageError(`--resume: ${path}: schemaVersion ${String(unfinished.schemaVersion)}; this version reads ${schemaVersion}`);
  if (unfinished.version !== version) throw new UsageError(`--resume: ${path}: written by frameproof ${unfinished.version}, and this is ${version}; begin anew without --resume`);
  return unfinished;
}

/** Whether what was interrupted is still the same check. Throws {@link UsageError}. */
export function sameCheck(path: string, unfinished: Unfinished, now: Pick<Unfinished, 'plan' | 'sources'>): void {
  if (unfinished.plan !== now.plan) throw new UsageError(`--resume: ${path}: written for another plan (frameproof check ${unfinished.arguments.map((each) => (/[\s|]/.test(each) ? `'${each}'` : each)).join(' ')}); leave out what says otherwise, or begin anew without --resume`);
  if (unfinished.sources !== now.sources) throw new UsageError(`--resume: ${path}: the source of a subject has changed since, so what was judged then says nothing now; begin anew without --resume`);
}
