import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { afterAll, describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const scratch = mkdtempSync(join(tmpdir(), 'frameproof-init-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const env = { ...process.env, CI: 'true', NO_COLOR: '1' };
let folders = 0;
function empty(): string {
  const folder = join(scratch, `folder-${folders++}`);
  mkdirSync(folder);
  return folder;
}
const run = (cwd: string, ...args: string[]) => spawnSync(process.execPath, [join(root, 'cli/main.ts'), ...args], { cwd, encoding: 'utf8', env });
const everything = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
const written = ['.github', '.github/workflows', '.github/workflows/frameproof.yml', 'frameproof.config.ts', 'my-allocator.subject.ts'];

describe('init in an empty folder', () => {
  const folder = empty();
  const { status, stdout } = run(folder, 'init');

  test('writes a subject, a configuration and a workflow, and says what to do next', () => {
    expect(everything(folder)).toEqual(written);
    for (const file of ['my-allocator.subject.ts', 'frameproof.config.ts', '.github/workflows/frameproof.yml']) expect(stdout).toMatch(new RegExp(`written +${file}`));
    expect(stdout).toMatch(/next\n +npm install --save-dev frameproof .*\n +npx frameproof check /);
    expect(status).toBe(0);
  });

  test('the subject holds, and the configuration names it', () => {
    const check = run(folder, 'check', '--preset', 'smoke');
    expect(check.stdout).toMatch(/\.\/my-allocator\.subject\.ts: held/);
    expect(check.status).toBe(0);
    expect(run(folder, 'check', '--list').stdout).toMatch(/^\.\/my-allocator\.subject\.ts\n/);
  });

  test('the change that its comment suggests gives a counterexample', () => {
    const text = readFileSync(join(folder, 'my-allocator.subject.ts'), 'utf8');
    const suggested = /`(Atomics\.exchange\(.*) !== 0`/.exec(text)?.[1] as string;
    const broken = text.replace('Atomics.compareExchange(words, 0, seen, seen & ~lowest) === seen', `${suggested} !== 0`);
    expect(broken).not.toBe(text);
    const other = empty();
    writeFileSync(join(other, 'broken.subject.ts'), broken);
    const check = run(other, 'check', '--preset', 'smoke');
    expect(check.stdout).toMatch(/VIOLATION FP-OWN-1[^]*── preempted ──/);
    expect(check.status).toBe(1);
  });

  test('again: everything is kept, exit 0', () => {
    const files = ['my-allocator.subject.ts', 'frameproof.config.ts', '.github/workflows/frameproof.yml'];
    for (const file of files) writeFileSync(join(folder, file), `mine: ${file}`);
    const again = run(folder, 'init', '--json');
    expect(JSON.parse(again.stdout)).toEqual({ schemaVersion: 1, command: 'init', folder, written: [], kept: files });
    expect(again.status).toBe(0);
    for (const file of files) expect(readFileSync(join(folder, file), 'utf8')).toBe(`mine: ${file}`);
    expect(everything(folder)).toEqual(written);
  });
});

describe('init where something is', () => {
  test('keeps a configuration of another kind, writes the others, and says how to judge the new one', () => {
    const folder = empty();
    writeFileSync(join(folder, 'frameproof.config.mjs'), 'export default {};\n');
    const { status, stdout } = run(folder, 'init');
    expect(stdout).toMatch(/kept +frameproof\.config\.mjs +was there, not touched/);
    expect(stdout).toMatch(/npx frameproof check \.\/my-allocator\.subject\.ts +frameproof\.config\.mjs was there: add it to its subjects/);
    expect(everything(folder)).toEqual(['.github', '.github/workflows', '.github/workflows/frameproof.yml', 'frameproof.config.mjs', 'my-allocator.subject.ts']);
    expect(readFileSync(join(folder, 'frameproof.config.mjs'), 'utf8')).toBe('export default {};\n');
    expect(status).toBe(0);
  });

  test('does not write through a link that leads nowhere', () => {
    const folder = empty();
    const outside = join(scratch, 'outside.ts');
    symlinkSync(outside, join(folder, 'my-allocator.subject.ts'));
    expect(run(folder, 'init').stdout).toMatch(/kept +my-allocator\.subject\.ts/);
    expect(readdirSync(scratch)).not.toContain('outside.ts');
  });

  test('below the root of a repository it says where GitHub looks for workflows', () => {
    const repository = empty();
    mkdirSync(join(repository, '.git'));
    mkdirSync(join(repository, 'allocator'));
    const { stdout } = run(repository, 'init', './allocator');
    expect(stdout).toMatch(/cd allocator && npx frameproof check/);
    expect(stdout).toMatch(/move allocator\/\.github to \. +GitHub reads workflows at the root/);
  });
});

describe('init that cannot write', () => {
  test('says which file and why, exit 2, and takes back what it had written', () => {
    const folder = empty();
    writeFileSync(join(folder, '.github'), 'a file, where a folder would have to be');
    const { status, stdout, stderr } = run(folder, 'init');
    expect(stderr).toBe(`frameproof: ${join('.github', 'workflows', 'frameproof.yml')}: cannot be written (something on the way is not a folder); nothing was written\n`);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(everything(folder)).toEqual(['.github']);
  });

  test('folders that it made are taken back, too', () => {
    const folder = empty();
    mkdirSync(join(folder, '.github'));
    symlinkSync(join(folder, 'nowhere'), join(folder, '.github/workflows'));
    const { status, stderr } = run(folder, 'init');
    expect(stderr).toMatch(/cannot be written \(something else is there\)/);
    expect(status).toBe(2);
    expect(everything(folder)).toEqual(['.github', '.github/workflows']);
  });

  test('in a folder without permission', () => {
    const folder = empty();
    chmodSync(folder, 0o555);
    // Root may write anywhere, so there the command runs as somebody else.
    const as = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
    chmodSync(scratch, 0o755);
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'cli/main.ts'), 'init'], { cwd: folder, encoding: 'utf8', env, ...as });
    expect(stderr).toMatch(/^frameproof: my-allocator\.subject\.ts: cannot be written \(no permission\); nothing was written\n$/);
    expect(status).toBe(2);
    expect(everything(folder)).toEqual([]);
  });

  test.each([
    [['init', './nowhere'], /\.\/nowhere: no such folder/],
    [['init', './a', './b'], /init takes one folder at most/],
    [['init', '--force'], /unknown option --force/],
  ])('%j', (args, message) => {
    const folder = empty();
    const { status, stderr } = run(folder, ...args);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
    expect(everything(folder)).toEqual([]);
  });
});

test('its help has examples, and a check with nothing to judge names it and what was looked for', () => {
  const folder = empty();
  expect(run(folder, 'init', '--help').stdout).toMatch(/my-allocator\.subject\.ts[^]*Examples:\n {2}frameproof init\n/);
  const { status, stderr } = run(folder, 'check');
  expect(stderr).toMatch(/nothing to judge: .*no frameproof\.config\.ts, and no \*\*\/\*\.subject\.\{ts,mts,js,mjs\} under .*\n.*frameproof init/);
  expect(status).toBe(2);
  writeFileSync(join(folder, 'frameproof.config.ts'), 'export default { preset: "smoke" };\n');
  expect(run(folder, 'check').stderr).toMatch(/no 'subjects' in frameproof\.config\.ts/);
});
