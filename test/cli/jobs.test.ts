import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { remainingText } from '../../cli/estimate.ts';

const root = resolve(import.meta.dirname, '../..');
const base = mkdtempSync(join(tmpdir(), 'frameproof-jobs-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));
let folder = base;
let folders = 0;
beforeEach(() => {
  folder = join(base, String(folders++));
  mkdirSync(folder);
});
const main = join(root, 'cli/main.ts');
const env = { ...process.env, CI: 'true', NO_COLOR: '1' };
const run = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { cwd: folder, encoding: 'utf8', env, maxBuffer: 64 << 20 });
/** A report without what may differ from run to run, or between a whole check and one in parts. */
const comparable = (text: string): unknown => JSON.parse(text, (key, value: unknown) => (key === 'durationMs' || key === 'resume' || key === 'shard' ? undefined : value));
const resumeFile = '.frameproof/latest/check.json';

/** One frame; `allocate` is run first by each allocate, `create` by create. */
const subject = (allocate = '', create = '', imports = ''): string => `
import { defineSubject } from 'frameproof';${imports}
export default defineSubject({
  name: 'one', limits: { framesMax: 1 },
  create: ({ firstFrame }: { firstFrame: number }) => { ${create} return { memory: new SharedArrayBuffer(8), firstFrame }; },
  attach: ({ memory, firstFrame }: { memory: SharedArrayBuffer; firstFrame: number }) => {
    const words = new Int32Array(memory);
    return {
      allocate: () => { ${allocate} return Atomics.compareExchange(words, 0, 0, 1) === 0 ? firstFrame : -1; },
      free: (frame: number, count: number) => (frame === firstFrame && count === 1 && Atomics.compareExchange(words, 0, 1, 0) === 1 ? 0 : -4),
    };
  },
});
`;
const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
/** Some hundred thousand executions, which nobody waits for. */
const endless = subject('for (let more = 0; more < 5; more++) Atomics.add(words, 1, 1);');
const three = ['--scenario', 'f1c2o1 | A: allocate(1) B: allocate(1) C: allocate(1)'];

describe('a check in parts', () => {
  test('by two threads, or by three shards that are merged, reports what the whole does', () => {
    const whole = run('check', 'builtin:hybrid', '--preset', 'smoke', '--json');
    expect(whole.status).toBe(0);
    expect(comparable(run('check', 'builtin:hybrid', '--preset', 'smoke', '--json', '--jobs', '2').stdout)).toEqual(comparable(whole.stdout));
    mkdirSync(join(folder, 'shards'));
    const scenarios: number[] = [];
    for (const index of [1, 2, 3]) {
      const { stdout, status } = run('check', 'builtin:hybrid', '--preset', 'smoke', '--json', '--shard', `${index}/3`, '--jobs', '2');
      expect(status).toBe(0);
      write(`shards/${index}.json`, stdout);
      scenarios.push((JSON.parse(stdout) as { subjects: { coverage: { scenarios: number } }[] }).subjects[0]?.coverage.scenarios ?? 0);
    }
    expect(Math.max(...scenarios) - Math.min(...scenarios)).toBeLessThan(6);
    const merged = run('merge', 'shards', '--json');
    expect(merged.status).toBe(0);
    expect(comparable(merged.stdout)).toEqual(comparable(whole.stdout));
    expect(run('merge', 'shards').stdout).toMatch(/builtin:hybrid: held · 598 scenarios/);

    rmSync(join(folder, 'shards/2.json'));
    const partial = run('merge', 'shards', '--json');
    expect(partial.stderr).toMatch(/missing: shard 2/);
    expect({ status: partial.status, verdict: (JSON.parse(partial.stdout) as { verdict: string }).verdict }).toEqual({ status: 3, verdict: 'inconclusive' });
  });

  test('finds the same violation with the same counterexample', () => {
    const canary = join(root, 'test/canaries/v30-in-flight.subject.ts');
    const [one, two] = ['1', '2'].map((jobs) => run('check', canary, '--preset', 'smoke', '--json', '--jobs', jobs));
    expect(one?.status).toBe(1);
    expect(comparable(two?.stdout ?? '')).toEqual(comparable(one?.stdout ?? ''));
  });

  test('litmus by two threads counts what one does', () => {
    const file = join(root, 'test/litmus/sc-litmus.json');
    const programs = (JSON.parse(readFileSync(file, 'utf8')) as { programs: { name: string; expectedExecutionsSC: number }[] }).programs;
    const { stdout } = run('litmus', file, '--jobs', '2', '--json');
    const counted = (JSON.parse(stdout) as { programs: { name: string; executions: number }[] }).programs;
    expect(counted.map(({ name, executions }) => [name, executions])).toEqual(programs.map(({ name, expectedExecutionsSC }) => [name, expectedExecutionsSC]));
  });
});

describe('reports that do not belong together are not merged', () => {
  const report = (more: object) => JSON.stringify({ schemaVersion: 1, tool: { name: 'frameproof', version: '1' }, command: 'check', seed: 1, preset: 'p', plan: 'x', shard: { index: 1, of: 2 }, subjects: [], ...more });
  test.each([
    ['not JSON', { 'a.json': '{' }, /a\.json: not JSON/],
    ['another schema', { 'a.json': report({ schemaVersion: 9 }) }, /a\.json: schemaVersion 9; this version reads 1/],
    ['no report', { 'a.json': '{"schemaVersion":1,"command":"litmus"}' }, /a\.json: no report of check/],
    ['a whole check', { 'a.json': report({ shard: undefined }) }, /a\.json: a report of a whole check/],
    ['a shard twice', { 'a.json': report({}), 'b.json': report({}) }, /b\.json and .*a\.json are both shard 1 of 2/],
    ['another version', { 'a.json': report({}), 'b.json': report({ tool: { version: '2' }, shard: { index: 2, of: 2 } }) }, /b\.json has version 2/],
    ['another seed', { 'a.json': report({}), 'b.json': report({ seed: 2, shard: { index: 2, of: 2 } }) }, /b\.json has seed 2/],
    ['another plan', { 'a.json': report({}), 'b.json': report({ plan: 'y', shard: { index: 2, of: 2 } }) }, /different plans/],
    ['another division', { 'a.json': report({}), 'b.json': report({ shard: { index: 2, of: 3 } }) }, /a number of shards of 3/],
    ['nothing', {}, /no \.json file in it/],
  ])('%s', (_, files, message) => {
    mkdirSync(join(folder, 'shards'));
    for (const [name, text] of Object.entries(files)) write(`shards/${name}`, text);
    const { status, stderr, stdout } = run('merge', 'shards');
    expect(stderr).toMatch(message);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });
});

/** Starts a check through the launcher and sends it SIGINT once it has begun. */
async function interrupted(signal: (pid: number) => void, ...args: string[]): Promise<{ status: number; out: string }> {
  const child = spawn(process.execPath, [join(root, 'tools/node/run.mjs'), 'node', main, 'check', ...args], { cwd: folder, env, detached: true });
  let out = '';
  const ended = new Promise<number>((done) => child.on('exit', (code) => done(code ?? -1)));
  await new Promise<void>((begun) => {
    child.stdout.on('data', (data: Buffer) => {
      out += data.toString();
      if (/mine\.subject\.ts\n/.test(out)) begun();
    });
  });
  await new Promise((later) => {
    setTimeout(later, 1000);
  });
  signal(child.pid as number);
  return { status: await ended, out };
}

describe('a check that is interrupted', () => {
  test.each([
    ['the launcher alone, one thread', '1', (pid: number) => process.kill(pid, 'SIGINT')],
    ['the process group, two threads', '2', (pid: number) => process.kill(-pid, 'SIGINT')],
  ])('by SIGINT to %s tells what was covered, exit 130', async (_, jobs, signal) => {
    write('mine.subject.ts', endless);
    const { status, out } = await interrupted(signal, './mine.subject.ts', ...three, '--jobs', jobs);
    expect(out).toMatch(/cut short[^]*inconclusive[^]*to go on: frameproof check --resume\n[^]*interrupted .* exit 130/);
    expect(status).toBe(130);
    expect(existsSync(join(folder, resumeFile))).toBe(true);
  });

  test('goes on to the report of one that was not', () => {
    const plan = ['builtin:hybrid', '--preset', 'smoke', '--json'];
    const whole = run('check', ...plan);
    expect(run('check', ...plan, '--time', '1500ms').status).toBe(3);
    let last = run('check', '--resume', '--json', '--time', '2500ms', '--jobs', '2');
    for (let more = 0; last.status === 3 && more < 30; more++) last = run('check', '--resume', '--json', '--time', '5s');
    expect(last.status).toBe(0);
    expect(comparable(last.stdout)).toEqual(comparable(whole.stdout));
    expect(existsSync(join(folder, resumeFile))).toBe(false);
  });

  test('goes on only if it is still the same check', () => {
    write('mine.subject.ts', endless);
    expect(run('check', './mine.subject.ts', ...three, '--time', '1ms').status).toBe(3);
    const written = readFileSync(join(folder, resumeFile), 'utf8');
    const refused = (message: RegExp, ...args: string[]): void => {
      const { status, stderr, stdout } = run('check', '--resume', ...args);
      expect(stderr).toMatch(message);
      expect(stderr).not.toMatch(/^\s+at /m);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    };
    refused(/written for another plan \(frameproof check .\/mine/, '--preset', 'smoke', './mine.subject.ts');
    write('mine.subject.ts', `${endless}// changed\n`);
    refused(/the source of a subject has changed since/);
    write('mine.subject.ts', endless);
    write(resumeFile, written.slice(0, -20));
    refused(/damaged, or not written by an interrupted check/);
    const body = (written.split('\n')[1] as string).replace(/"version":"[^"]*"/, '"version":"0.0.0-other"');
    write(resumeFile, `${JSON.stringify({ checksum: createHash('sha256').update(body).digest('hex').slice(0, 32) })}\n${body}\n`);
    refused(/written by frameproof 0\.0\.0-other/);
    rmSync(join(folder, resumeFile));
    refused(/no such file; a check that is interrupted/);
    refused(/elsewhere\.json: no such file/, 'elsewhere.json');
    write(resumeFile, written);
    expect(run('check', '--resume', '--time', '1ms').status).toBe(3);
  });
});

describe('a thread that explores and fails is a defect, not a hang', () => {
  const onlyInWorkers = "\nimport { isMainThread } from 'node:worker_threads';";
  test.each([
    ['ends', 'if (!isMainThread) process.exit(7);', /a thread that explores ended with code 7/],
    ['throws outside of what is asked of it', "if (!isMainThread) setImmediate(() => { throw new Error('by itself'); });", /by itself/],
  ])('%s', (_, create, message) => {
    write('mine.subject.ts', subject('for (let more = 0; more < 5; more++) Atomics.add(words, 1, 1);', create, onlyInWorkers));
    const { status, stderr } = run('check', './mine.subject.ts', ...three, '--jobs', '2');
    expect(stderr).toMatch(/a defect of frameproof itself/);
    expect(stderr).toMatch(message);
    expect(status).toBe(70);
  });

  test('what create() throws there is the subject\'s own', () => {
    write('mine.subject.ts', subject('', "throw new RangeError('too small');"));
    const { status, stderr } = run('check', './mine.subject.ts', ...three, '--jobs', '2');
    expect(stderr).toMatch(/create\(\) of 'one' threw RangeError: too small/);
    expect(status).toBe(2);
  });
});

test.each([['0/3'], ['4/3'], ['1'], ['a/b'], ['1/0']])('--shard %s is refused', (shard) => {
  const { status, stderr } = run('check', 'builtin:hybrid', '--shard', shard);
  expect(stderr).toMatch(/expected i\/n with i from 1 to n/);
  expect(status).toBe(2);
});

test('what remains is guessed from what is done', () => {
  expect(remainingText({ scenarios: 11, total: 100, left: 1 }, 10_000)).toBe(' · about 90 s left in this phase, if the rest is like it');
  expect(remainingText({ scenarios: 1, total: 1, left: 0.75 }, 60_000)).toBe(' · the one under way about 25 % explored · about 3 min left in this phase, if the rest is like it');
  expect(remainingText({ scenarios: 1, total: 100, left: 1 }, 10_000)).toBe('');
});
