import { existsSync, lstatSync, mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import { schemaVersion } from '../../spec/report.ts';
import type { CliCommand } from '../command.ts';
import { exitCodes, UsageError } from '../exit-codes.ts';
import { commonOptions, type Parsed } from '../options.ts';
import { fromTyped, shown } from '../paths.ts';
import { paintFor, print } from '../terminal.ts';

/**
 * An allocator that holds, not one with a bug: whoever replaces it by their own starts from green, and a CI that is red on its first run
 * gets switched off. The comment says which line to break to see a counterexample.
 */
const subject = `import { defineSubject } from 'frameproof';

// A first allocator to judge: one bit a frame in one shared word, a one is free. To see a counterexample, let the condition of the allocate
// be \`Atomics.exchange(words, 0, seen & ~lowest) !== 0\`: it overwrites what another worker did since the load. Then put your own in its place.
export default defineSubject({
  name: 'my-allocator',
  limits: { framesMax: 31 }, // scenarios stay within one word
  create: ({ frames, firstFrame, reserved }) => {
    const memory = new SharedArrayBuffer(4);
    const managed = reserved.reduce((bits, { start, count }) => bits & ~((2 ** count - 1) << (start - firstFrame)), 2 ** frames - 1);
    new Int32Array(memory)[0] = managed;
    return { memory, managed, firstFrame };
  },
  attach: ({ memory, managed, firstFrame }) => {
    const words = new Int32Array(memory);
    return {
      allocate: () => {
        for (let seen = Atomics.load(words, 0); seen !== 0; seen = Atomics.load(words, 0)) {
          const lowest = seen & -seen;
          if (Atomics.compareExchange(words, 0, seen, seen & ~lowest) === seen) return firstFrame + 31 - Math.clz32(lowest);
        }
        return -1; // OutOfMemory
      },
      free: (frame, count) => {
        const at = frame - firstFrame;
        if (count !== 1 || at < 0 || at > 30 || (managed & (1 << at)) === 0) return -3; // InvalidFrame
        return (Atomics.or(words, 0, 1 << at) & (1 << at)) === 0 ? 0 : -4; // NotAllocated
      },
    };
  },
});
`;

const config = `import { defineConfig } from 'frameproof';

// What \`npx frameproof check\` does when the command line says nothing else.
export default defineConfig({
  subjects: ['./my-allocator.subject.ts'],
  preset: 'ci', // smoke: a first look · ci: every change · nightly: larger scopes
});
`;

const workflow = `# Judges the allocators that frameproof.config.ts names. The check fails with the smallest interleaving that breaks an invariant.
name: frameproof
on: [push, pull_request]
permissions:
  contents: read
jobs:
  check:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: 24
      - run: npm ci
      - run: npx frameproof check
`;

interface FirstFile {
  readonly path: string;
  readonly text: string;
  readonly what: string;
  /** Files that do the same: if one of them is there, it is kept and nothing is written. */
  readonly likewise: readonly string[];
}

const anyEnding = (name: string): string[] => ['ts', 'mts', 'js', 'mjs'].map((ending) => `${name}.${ending}`);

const firstFiles: readonly FirstFile[] = [
  { path: 'my-allocator.subject.ts', text: subject, what: 'a bitmap allocator, judged and held', likewise: anyEnding('my-allocator.subject') },
  { path: 'frameproof.config.ts', text: config, what: 'what check judges, and how thoroughly', likewise: anyEnding('frameproof.config') },
  {
    path: '.github/workflows/frameproof.yml', text: workflow, what: 'the check on every push and pull request',
    likewise: ['.github/workflows/frameproof.yml', '.github/workflows/frameproof.yaml'],
  },
];

export const initCommand: CliCommand = {
  name: 'init',
  summary: 'write a first subject, a configuration and a CI workflow',
  usage: `frameproof init [FOLDER] [options]

Writes into FOLDER (default: this one)
${firstFiles.map(({ path, what }) => `  ${path.padEnd(33)} ${what}`).join('\n')}

What is there already is kept as it is. If a file cannot be written, none is.

Examples:
  frameproof init
  frameproof init ./allocator

Exit codes: 0 done (also if everything was there), 2 usage, or a folder that cannot be written.`,
  options: commonOptions,
  run: runInit,
};

async function runInit(parsed: Parsed): Promise<number> {
  const [given, ...more] = parsed.positionals;
  if (more.length > 0) throw new UsageError('init takes one folder at most');
  const folder = fromTyped(given ?? '.');
  if (!existsSync(folder)) throw new UsageError(`${given ?? folder}: no such folder`);
  const done = writeFirstFiles(folder);
  if (parsed.flag('json')) {
    const written = done.filter(({ kept }) => !kept).map(({ path }) => path);
    const kept = done.filter((each) => each.kept).map(({ path }) => path);
    await print(`${JSON.stringify({ schemaVersion, command: 'init', folder, written, kept }, undefined, 2)}\n`);
    return exitCodes.held;
  }
  const paint = paintFor(process.stdout, !parsed.flag('no-color'));
  const line = (mark: string, path: string, what: string): string => ` ${mark}  ${path.padEnd(33)} ${paint('dim', what)}`;
  const lines = done.map(({ path, what, kept }) => (kept ? line('kept   ', path, 'was there, not touched') : line(paint('green', 'written'), path, what)));
  const next = parsed.flag('quiet') ? [] : ['', ' next', ...nextSteps(folder, done).map(([what, why]) => `   ${what.padEnd(34)} ${paint('dim', why)}`)];
  await print(`${[...lines, ...next].join('\n')}\n`);
  return exitCodes.held;
}

interface Done {
  readonly path: string;
  readonly what: string;
  readonly kept: boolean;
}

/** All of them or none: what a failure leaves behind is taken away again, folders included. */
function writeFirstFiles(folder: string): Done[] {
  const undo: (() => void)[] = [];
  return firstFiles.map(({ path, text, what, likewise }): Done => {
    const file = join(folder, path);
    try {
      const there = likewise.find((each) => isThere(join(folder, each)));
      if (there !== undefined) return { path: there, what, kept: true };
      makeFolder(dirname(file), undo);
      write(file, text, undo);
    } catch (error) {
      for (const step of undo.reverse()) step();
      throw new UsageError(`${shown(file)}: cannot be written (${reason(error)}); nothing was written`);
    }
    return { path, what, kept: false };
  });
}

/** Taken away again also if it stops half-way, but not if somebody else has made the file meanwhile. */
function write(file: string, text: string, undo: (() => void)[]): void {
  undo.push(() => rmSync(file, { force: true }));
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') undo.pop();
    throw error;
  }
}

function makeFolder(folder: string, undo: (() => void)[]): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder), undo);
  mkdirSync(folder);
  undo.push(() => {
    if (readdirSync(folder).length === 0) rmdirSync(folder); // somebody else may use it by now
  });
}

/** Also a link that leads nowhere: writing through it would make a file somewhere else. */
const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'no permission',
  EPERM: 'not permitted',
  EROFS: 'a read-only file system',
  ENOTDIR: 'something on the way is not a folder',
  ENOSPC: 'no space left',
  EEXIST: 'something else is there',
};
function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return reasons[code ?? ''] ?? message;
}

function nextSteps(folder: string, done: readonly Done[]): [what: string, why: string][] {
  const here = shown(folder) === folder ? '' : `cd ${shown(folder)} && `;
  const root = repositoryOf(folder);
  const [first, configuration] = done as [Done, Done];
  const steps: [string, string][] = [];
  if (!isInstalled(folder)) steps.push([`${here}npm install --save-dev frameproof`, 'for CI, and for types in the editor']);
  if (configuration.kept && !first.kept) steps.push([`${here}npx frameproof check ./${first.path}`, `${configuration.path} was there: add it to its subjects`]);
  else steps.push([`${here}npx frameproof check`, `judges what ${configuration.path} names`]);
  steps.push([`edit ${first.path}`, 'put your own allocator in its place']);
  if (root !== undefined && root !== folder) {
    const where = shown(root) === root ? '.' : shown(root);
    steps.push([`move ${relative(root, folder)}/.github to ${where}`, 'GitHub reads workflows at the root of the repository only']);
  }
  return steps;
}

function isInstalled(folder: string): boolean {
  try {
    createRequire(join(folder, 'package.json')).resolve('frameproof/package.json');
    return true;
  } catch {
    return false;
  }
}

function repositoryOf(folder: string): string | undefined {
  if (existsSync(join(folder, '.git'))) return folder;
  return dirname(folder) === folder ? undefined : repositoryOf(dirname(folder));
}
