import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { CheckReport } from '../../spec/report.ts';

const folder = mkdtempSync(join(tmpdir(), 'frameproof-stress-command-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const root = resolve(import.meta.dirname, '../..');
const main = join(root, 'cli/main.ts');
const canary = (name: string): string => join(root, 'test/canaries', `${name}.subject.ts`);
const env = { ...process.env, CI: 'true', NO_COLOR: '1' };
const run = (...args: string[]) => spawnSync(process.execPath, [main, 'check', '--strategy', 'stress', ...args], { cwd: folder, encoding: 'utf8', env, maxBuffer: 64 << 20 });

test('a stress run prints what was run, undisturbed and with delays, and that it was held', () => {
  const { status, stdout, stderr } = run('builtin:hybrid', '--ops', '5000');
  expect(stdout).toMatch(/✓ stress {6}2 real threads, [\d,]+ operations in 20 rounds, 64 frames in chunks of 8\n[^]*✓ stress {6}2 real threads, [\d,]+ operations in 20 rounds, 64 frames in chunks of 8, one access in 16 delayed\n/);
  expect(stdout).toMatch(/builtin:hybrid: held · 11 invariants judged and held/);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test('what it finds has the form of any violation, without a schedule', () => {
  const { status, stdout } = run(canary('v32-missed-merge'), '--noise', '4', '--frames', '4', '--json');
  const report = JSON.parse(stdout) as CheckReport;
  const file = join(folder, 'report.json');
  writeFileSync(file, stdout);
  const replayed = spawnSync(process.execPath, [main, 'replay', file], { encoding: 'utf8', env });
  expect({ status: replayed.status, stderr: replayed.stderr }).toEqual({ status: 2, stderr: expect.stringMatching(/found on real threads, which followed no schedule/) });
  const [subject] = report.subjects;
  expect(status).toBe(1);
  expect(report.verdict).toBe('violated');
  expect(subject?.phases).toMatchObject([{ strategy: 'stress', violated: true }]);
  expect(subject?.violations).toMatchObject([{ invariant: expect.stringMatching(/^FP-(OOM|PRB)-1$/), message: expect.stringMatching(/stamps|stand still/), counterexample: { scenario: '', schedule: '', trace: expect.any(Array) }, replay: expect.stringMatching(/--strategy exhaustive/) }]);
});

test('a violation that does not count ends a run without a verdict', () => {
  const { status, stdout } = run(canary('v32-missed-merge'), '--noise', '4', '--frames', '4', '--invariant', 'FP-OWN-1');
  expect(stdout).toMatch(/sampled \(ended by a violation of FP-(OOM|PRB)-1, which does not count\)/);
  expect(status).toBe(3);
});

test.each([
  [['builtin:hybrid', '--frames', '5000'], /--frames 5000: expected a whole number from 1 to 4096/],
  [['builtin:hybrid', '--threads', '1'], /--threads 1: expected a whole number from 2/],
  [['builtin:hybrid', '--chunk', '3'], /impossible geometry: chunks of 3 frames/],
  [['builtin:hybrid', '--shard', '1/2'], /--strategy stress is not divided into shards/],
])('%j is refused', (args, message) => {
  const { status, stderr, stdout } = run(...args);
  expect(stderr).toMatch(message);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
});

test('a delay without a stress run is refused', () => {
  const { status, stderr } = spawnSync(process.execPath, [main, 'check', 'builtin:hybrid', '--noise', '3'], { cwd: folder, encoding: 'utf8', env });
  expect({ status, stderr }).toEqual({ status: 2, stderr: 'frameproof: --noise belongs to --strategy stress\n' });
});

test('a subject that takes one worker is left out, and the verdict is inconclusive', () => {
  const { status, stdout } = run(canary('contiguous'));
  expect(stdout).toMatch(/real threads: left out: 2 threads: the subject takes at most 1 workers/);
  expect(status).toBe(3);
});

test('Ctrl-C ends it with a partial report', async () => {
  const child = spawn(process.execPath, [main, 'check', '--strategy', 'stress', 'builtin:hybrid', '--ops', '20000000', '--noise', '0'], { cwd: folder, env });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    if (stdout.includes('builtin:hybrid')) setTimeout(() => child.kill('SIGINT'), 1000);
  });
  const status = await new Promise((done) => {
    child.on('exit', done);
  });
  expect(stdout).toMatch(/rounds, 64 frames in chunks of 8\n.*cut short[^]*builtin:hybrid: inconclusive/);
  expect(status).toBe(130);
});
