import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const scratch = mkdtempSync(join(tmpdir(), 'frameproof-layers-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const depcruise = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');

/** Rules broken by the repository's sources with some files put beside them. */
function broken(files: Readonly<Record<string, string>>): string[] {
  const folder = mkdtempSync(join(scratch, 'tree-'));
  for (const part of ['model', 'impl', 'spec', 'cli']) cpSync(join(root, part), join(folder, part), { recursive: true });
  for (const file of ['.dependency-cruiser.json', 'tsconfig.json', 'package.json']) cpSync(join(root, file), join(folder, file));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  const { stdout, status } = spawnSync(process.execPath, [depcruise, 'model', 'impl', 'spec', 'cli', '--config', '.dependency-cruiser.json'], { cwd: folder, encoding: 'utf8' });
  const names = [...new Set([...stdout.matchAll(/^\s*error ([\w-]+):/gm)].map((match) => match[1] as string))];
  expect(status === 0).toBe(names.length === 0);
  return names;
}

test.each([
  ['the sources as they are', {}, []],
  ['model/ imports impl/', { 'model/planted.ts': "import { run } from '../impl/words.ts';\nexport const planted = run(0, 1);\n" }, ['model-and-impl-apart']],
  ['impl/ imports model/', { 'impl/planted.ts': "import type { State } from '../model/index.ts';\nexport type Planted = State;\n" }, ['model-and-impl-apart']],
  ['impl/ takes a value from the contract', { 'impl/planted.ts': "import * as contract from '../spec/contract.ts';\nexport const planted = contract;\n" }, ['contract-by-type-only']],
  [
    'a judge reaches impl/ through a third file',
    { 'spec/third.ts': "export { run } from '../impl/words.ts';\n", 'spec/history.ts': "import { run } from './third.ts';\nexport const threw = run(0, 1);\nexport const Histories = 1;\n" },
    ['judges-never-see-impl'],
  ],
  ['spec/ reads a file', { 'spec/planted.ts': "import { readFileSync } from 'node:fs';\nexport const planted = readFileSync;\n" }, ['terminal-only-in-cli']],
  ['spec/ starts a worker in a module that does not say so', { 'spec/planted.ts': "import { Worker } from 'node:worker_threads';\nexport const planted = Worker;\n" }, ['workers-only-where-named']],
  ['two modules import each other', { 'spec/one.ts': "export { two } from './two.ts';\nexport const one = 1;\n", 'spec/two.ts': "export { one } from './one.ts';\nexport const two = 2;\n" }, ['no-circular']],
])('%s', (_, files, rules) => {
  expect(broken(files)).toEqual(rules);
});

const tracked = (): string[] => execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' }).split('\0').filter((file) => file !== '');
const inGit = spawnSync('git', ['rev-parse', '--git-dir'], { cwd: root }).status === 0;

test.runIf(inGit)('files are short enough to read, named in kebab-case, and speak of nothing outside', () => {
  const wrong: string[] = [];
  for (const file of tracked()) {
    if (/\.(gz|png)$/.test(file)) continue;
    let text: string;
    try {
      text = readFileSync(join(root, file), 'utf8');
    } catch {
      continue; // deleted, not yet committed
    }
    if (/^(model|impl|spec|cli)\/.*\.ts$/.test(file) && text.split('\n').length > 350) wrong.push(`${file}: ${text.split('\n').length} lines`);
    if (file.endsWith('.ts') && !/^[a-z0-9/.-]+$/.test(file)) wrong.push(`${file}: not kebab-case`);
    if (/"resolved": *"https?:/.test(text)) wrong.push(`${file}: addresses of a registry`);
    if (file.endsWith('.ts') && /\b(test|describe|it)\.(only|skip|todo)\b/.test(text) && !file.endsWith('layers.test.ts')) wrong.push(`${file}: a test that does not run`);
  }
  expect(wrong).toEqual([]);
});
