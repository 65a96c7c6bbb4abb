import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { jsonLines, legalHistory, sequentialFrames, sequentialMap, sequentialRegister, withOneChanged } from '../support/histories.ts';

const folder = mkdtempSync(join(tmpdir(), 'frameproof-linearize-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const main = resolve(import.meta.dirname, '../../cli/main.ts');
const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
const env = { ...process.env, CI: 'true', NO_COLOR: '1' };
const run = (...args: string[]) => spawnSync(process.execPath, [main, 'linearize', ...args], { cwd: folder, encoding: 'utf8', env });

const invoke = (process: number, f: string, value?: unknown) => ({ process, type: 'invoke', f, value });
const answer = (process: number, value?: unknown) => ({ process, type: 'return', value });
write('good.jsonl', jsonLines([invoke(0, 'write', 1), answer(0), invoke(1, 'read'), answer(1, 1)]));
write('stale.jsonl', jsonLines([invoke(0, 'write', 1), answer(0), invoke(1, 'read'), answer(1, null)]));
const hard = withOneChanged(legalHistory(sequentialMap(1, 2), { seed: 5, processes: 20, operations: 400 }), 5, (event) => ({ ...event, value: `${event.value as string}00` }));
write('hard.jsonl', jsonLines(hard));

describe('linearize', () => {
  test('says of each file what it holds, and exits with the worst', () => {
    const good = run('good.jsonl', '--model', 'register');
    expect(good.stdout).toMatch(/good\.jsonl\n {3}2 operations in 4 events[^]*✓ linearizable/);
    expect([good.status, good.stderr]).toEqual([0, '']);
    const both = run('stale.jsonl', 'good.jsonl', '--model', 'register');
    expect(both.stdout).toMatch(/longest linearizable prefix: the first 3 events, in which 1 operations return\n {3}✗ stale\.jsonl:4: process 1: read → null {3}\(invoked in line 3\)\n {5}has no place in any order: [^]*✗ not linearizable[^]*✓ linearizable[^]*2 of 2 histories judged/);
    expect(both.status).toBe(1);
  });

  test('--json gives one value of the documented form', () => {
    const { stdout, status } = run('good.jsonl', 'stale.jsonl', '--model', 'register', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      schemaVersion: 1,
      histories: [
        { file: 'good.jsonl', verdict: 'linearizable', operations: 2, longestPrefix: 2, durationMs: expect.any(Number) },
        { file: 'stale.jsonl', verdict: 'not-linearizable', operations: 2, longestPrefix: 1, durationMs: expect.any(Number), unplaced: { line: 4, process: 1, operation: 'read → null' } },
      ],
    });
    expect(status).toBe(1);
  });

  test('a budget that is used up is unknown, exit 3; a violation elsewhere goes before', () => {
    const cut = run('hard.jsonl', '--model', 'kv', '--states', '50', '--json');
    expect(JSON.parse(cut.stdout)).toMatchObject({ histories: [{ verdict: 'unknown', states: 50, prefixExact: false }] });
    expect(cut.status).toBe(3);
    expect(run('hard.jsonl', '--model', 'kv', '--time', '0s').stdout).toMatch(/linearizable at least: the first \d+ events[^]*\? unknown/);
    write('wrong.jsonl', jsonLines([{ ...invoke(0, 'get'), key: 'a' }, answer(0, 'x')]));
    expect(run('hard.jsonl', 'wrong.jsonl', '--model', 'kv', '--states', '50').status).toBe(1);
  });

  test('a thousand operations of twenty clients are judged, for each model', () => {
    const making = { seed: 3, processes: 20, operations: 1000 };
    write('register.jsonl', jsonLines(legalHistory(sequentialRegister(100), making)));
    write('kv.jsonl', jsonLines(legalHistory(sequentialMap(5, 30), making)));
    const memory = sequentialFrames(64, 4);
    write('frames.jsonl', jsonLines(legalHistory(memory, making), memory.header));
    for (const model of ['register', 'kv', 'frames']) {
      const { histories } = JSON.parse(run(`${model}.jsonl`, '--model', model, '--json').stdout) as { histories: object[] };
      expect(histories).toMatchObject([{ verdict: 'linearizable', operations: 1000, longestPrefix: 1000 }]);
    }
  });

  test('help has the formats, examples and options', () => {
    const { stdout, status } = run('--help');
    expect(stdout).toMatch(/JSON Lines[^]*Models:[^]*Examples:\n {2}frameproof linearize [^]*--states N/);
    expect(status).toBe(0);
  });

  test('Ctrl-C ends the search with a partial report, exit 130', async () => {
    const every = Array.from({ length: 20 }, (_, at) => at);
    // Twenty writes, each read once, in any order; and then no order of them lets two be the last.
    const endless = [...every.map((at) => invoke(at, 'write', at)), ...every.map((at) => invoke(100 + at, 'read')), ...every.map((at) => answer(100 + at, at)), invoke(50, 'read'), answer(50, 0), invoke(50, 'read'), answer(50, 1)];
    const names = ['endless-1.jsonl', 'endless-2.jsonl'];
    for (const name of names) write(name, jsonLines([...endless, ...every.map((at) => answer(at))]));
    const child = spawn(process.execPath, [main, 'linearize', ...names, '--model', 'register', '--states', '1000000000', '--json'], { cwd: folder, env });
    let stdout = '';
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
    setTimeout(() => child.kill('SIGINT'), 2000);
    const status = await new Promise((end) => child.on('close', end));
    expect(JSON.parse(stdout)).toMatchObject({ interrupted: true, histories: [{ file: 'endless-1.jsonl', verdict: 'unknown', operations: 42 }] });
    expect(status).toBe(130);
  });
});

describe('bad input is one message with its place, exit 2, and no stack trace', () => {
  write('not-json.jsonl', `${jsonLines([invoke(0, 'read')])}{"process": 0,, }\n`);
  write('no-geometry.jsonl', jsonLines([invoke(0, 'allocate', { count: 1 })]));
  test.each([
    [[], /linearize takes at least one file/],
    [['good.jsonl'], /linearize needs --model: register, kv, frames/],
    [['good.jsonl', '--model', 'queue'], /--model queue: expected register, kv, frames/],
    [['good.jsonl', 'not-json.jsonl', '--model', 'register'], /not-json\.jsonl:2:15: not JSON/],
    [['no-geometry.jsonl', '--model', 'frames'], /no-geometry\.jsonl:1: a history of frames begins with its geometry/],
    [['none.jsonl', '--model', 'kv'], /none\.jsonl: no such file/],
    [['good.jsonl', '--model', 'register', '--time', 'soon'], /--time soon/],
  ])('%j', (args, message) => {
    const { status, stdout, stderr } = run(...args);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });
});
