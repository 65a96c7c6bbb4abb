import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { CheckReport } from '../../spec/report.ts';

const main = resolve(import.meta.dirname, '../../cli/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'frameproof-hand-over-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const run = (...args: string[]) => spawnSync(process.execPath, [main, 'check', ...args], { cwd: folder, encoding: 'utf8', env: { ...process.env, CI: 'true', NO_COLOR: '1' } });

/** One frame in one word; `looks` is evaluated before it is taken. */
const subject = (looks: string): string => `
import { defineSubject } from 'frameproof';
export default defineSubject({
  name: 'one',
  limits: { framesMax: 2, workersMax: 2 },
  create: ({ frames }) => ({ memory: new SharedArrayBuffer(4 * frames), frames }),
  attach: ({ memory, frames }) => {
    const words = new Int32Array(memory);
    const take = (at) => Atomics.compareExchange(words, at, 0, 1) === 0;
    return {
      allocate: (count) => {
        if (count !== 1) return -2;
        ${looks}
        for (;;) {
          for (let at = 0; at < frames; at++) if (take(at)) return at;
          if (frames === 1 || (Atomics.load(words, 0) === 1 && Atomics.load(words, 1) === 1 && Atomics.load(words, 0) === 1)) return -1;
        }
      },
      free: (frame, count) => (count === 1 && frame >= 0 && frame < frames && Atomics.compareExchange(words, frame, 1, 0) === 1 ? 0 : -4),
    };
  },
});
`;

test('a preset runs some of what it explored again on real threads, and says so', () => {
  writeFileSync(join(folder, 'one.subject.js'), subject(''));
  const { stdout, stderr } = run('./one.subject.js', '--preset', 'ci', '--json');
  const report = JSON.parse(stdout) as CheckReport;
  expect(stderr).toBe('');
  expect(report.subjects[0]?.verdict).toBe('held');
  expect(report.subjects[0]?.phases.at(-1)).toMatchObject({ strategy: 'cross-check', scope: expect.stringMatching(/^100 explored executions \(\d+ steps\) again on real threads, source not rewritten: identical$/), note: '' });
});

test('a module that does something else when it is rewritten ends the check with exit 70, and the step', () => {
  writeFileSync(join(folder, 'two.subject.js'), subject("if (!(take + '').startsWith('(at) =>')) Atomics.load(words, 0);"));
  const { status, stderr } = run('./two.subject.js', '--preset', 'ci');
  expect(stderr).toMatch(/a defect of frameproof itself[^]*two\.subject\.js: an execution went another way on real threads[^]*: step \d+ of \d+ in f2c2o1.* \(two\.subject\.js:13\): explored [AB]: load of 0:0, . ⇒ ., giving .; on real threads [AB]: compareExchange of 0:0/);
  expect(status).toBe(70);
});
