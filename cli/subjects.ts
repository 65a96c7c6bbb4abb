import { existsSync, globSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { whyNoConfig, type Config } from '../spec/config.ts';
import type { Subject } from '../spec/contract.ts';
import { SubjectError } from '../spec/explore/subject-error.ts';
import { loadForExploration } from '../spec/explore/link.ts';
import { Refusal } from '../spec/explore/source.ts';
import { whyNoSubject, type LoadedSubject } from '../spec/subject.ts';
import { UsageError } from './exit-codes.ts';
import { moduleHost, sourceFolder } from './module-host.ts';
import { fromTyped, shown, typedIn } from './paths.ts';

/** Allocators that come with the tool, by what follows `builtin:`. */
export const builtins: Readonly<Record<string, string>> = {
  hybrid: join(sourceFolder, 'impl', 'hybrid.subject.ts'),
  'hybrid-narrow': join(sourceFolder, 'impl', 'hybrid-narrow.subject.ts'),
};

const configNames = ['frameproof.config.ts', 'frameproof.config.mts', 'frameproof.config.js', 'frameproof.config.mjs'];
const pattern = '**/*.subject.{ts,mts,js,mjs}';

/** A configuration and the folder that its paths start from. */
export interface FoundConfig {
  readonly config: Config;
  readonly folder: string;
}

export async function findConfig(path: string | undefined): Promise<FoundConfig | undefined> {
  const file = path === undefined ? configNames.map((name) => join(typedIn, name)).find(existsSync) : fromTyped(path);
  if (file === undefined) return undefined;
  if (!existsSync(file)) throw new UsageError(`${shown(file)}: no such configuration`);
  const { exports } = await loadForExploration(file, moduleHost).catch((error: unknown) => {
    throw explained(error, file);
  });
  const why = whyNoConfig(exports['default']);
  if (why !== undefined) throw new UsageError(`${shown(file)}: ${why}`);
  return { config: exports['default'] as Config, folder: dirname(file) };
}

/** What is to be judged: what was named, else what the configuration names, else what lies around. */
export function chooseSubjects(named: readonly string[], found: FoundConfig | undefined): string[] {
  if (named.length > 0) return named.map((name) => (name.startsWith('builtin:') ? name : fromTyped(name)));
  const configured = found?.config.subjects;
  if (found !== undefined && configured !== undefined && configured.length > 0) {
    return configured.map((name) => (name.startsWith('builtin:') ? name : resolve(found.folder, name)));
  }
  const lying = globSync(pattern, { cwd: typedIn, exclude: (name) => basename(name) === 'node_modules' || basename(name) === 'dist' });
  if (lying.length === 0) {
    const missing = found === undefined ? `no ${configNames[0]}` : `no 'subjects' in ${configNames[0]}`;
    throw new UsageError(
      `nothing to judge: no subject named, ${missing}, and no ${pattern} under ${typedIn}\n` +
        '  frameproof init writes a first one; or name one, as in: frameproof check ./mine.subject.ts, frameproof check builtin:hybrid',
    );
  }
  return lying.sort().map((path) => resolve(typedIn, path));
}

/** How a subject is named in reports and tokens. */
export const subjectName = (target: string): string => (target.startsWith('builtin:') ? target : /^\.\.?\//.test(shown(target)) ? shown(target) : `./${shown(target)}`);

/** The file of a subject. */
export function fileOf(target: string): string {
  if (!target.startsWith('builtin:')) return target;
  const known = builtins[target.slice('builtin:'.length)];
  if (known === undefined) throw new UsageError(`${target}: no such allocator; known: ${Object.keys(builtins).map((name) => `builtin:${name}`).join(', ')}`);
  return known;
}

export async function loadSubject(target: string): Promise<LoadedSubject> {
  const file = fileOf(target);
  if (!existsSync(file) || !statSync(file).isFile()) throw new UsageError(`${shown(file)}: no such subject`);
  const loaded = await loadForExploration(realpathSync(file), moduleHost).catch((error: unknown) => {
    throw explained(error, file);
  });
  const subject = loaded.exports['default'];
  const why = whyNoSubject(subject);
  if (why !== undefined) throw new UsageError(`${shown(file)}: ${why}`);
  const sites = loaded.sites.map((site) => ({ ...site, file: shown(site.file) }));
  return { subject: subject as Subject, module: subjectName(target), sites, files: loaded.files, packages: loaded.packages };
}

/** What a subject does wrong outside of any judgement, with its place if it has one. */
export function subjectTrouble({ module }: LoadedSubject, error: SubjectError): UsageError {
  const place = /^(.+?):(\d+:\d+: [^]*)$/.exec(error.message);
  return new UsageError(place === null ? `${module}: ${error.message}` : `${shown(place[1] as string)}:${place[2]}`);
}

/** What went wrong while a module was loaded, with its place. */
export function explained(error: unknown, file: string): Error {
  if (error instanceof Refusal) return new UsageError(`${shown(error.file)}:${error.line}:${error.column}: ${error.message}`);
  if (error instanceof SubjectError) return new UsageError(error.message);
  if (!(error instanceof Error)) return new UsageError(`${shown(file)}: ${String(error)}`);
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' && path !== undefined) return new UsageError(`${shown(file)}: imports ${shown(path)}, which does not exist`);
  const place = /\(?([^\s()]+):(\d+):(\d+)\)?\n/.exec(`${(error.stack ?? '').split('\n').find((line) => line.includes(file)) ?? ''}\n`);
  return new UsageError(`${shown(file)}${place === null ? '' : `:${place[2]}`}: does not load: ${error.message}`);
}

/** The version of the running tool. */
export function toolVersion(): string {
  for (const up of ['..', '../..']) {
    const file = join(import.meta.dirname, up, 'package.json');
    if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  }
  return '0.0.0';
}

