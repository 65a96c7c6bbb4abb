import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'frameproof-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const main = join(root, 'cli/main.ts');
const canary = (name: string): string => join(root, 'test/canaries', `${name}.subject.ts`);
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return name;
};
const env = { ...process.env, CI: 'true', NO_COLOR: '1' };
const run = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { cwd: folder, encoding: 'utf8', env, maxBuffer: 64 << 20 });

describe('bad input is one message on stderr, exit 2, and no stack trace', () => {
  write('broken.subject.ts', 'export default {\n  name: 3 +,\n};\n');
  write('no-subject.subject.ts', 'export default { name: "x" };\n');
  write('missing-import.subject.ts', "import { x } from './nowhere.ts';\nexport default x;\n");
  write('async.subject.ts', "export default { name: 'a', create: () => new SharedArrayBuffer(4), attach: (m) => ({\n  allocate: async () => Atomics.load(new Int32Array(m), 0), free: () => 0 }) };\n");
  write('throws.subject.ts', "throw new Error('at load');\n");
  write('operations.subject.ts', "export default { name: 'a', operations: {}, create: () => 0, attach: () => 0 };\n");
  write('malformed.trace', '# tracer: nop\n  <...>-0  [000] .....   1.5: mm_page_alloc: pfn=banana order=0\n');
  write('not.trace.gz', 'this is no gzip');
  write('bad.json', '{ "programs": [ }');
  write('bad-litmus.json', '{ "programs": [ { "name": "x", "initial": {}, "threads": [[{ "op": "load", "cell": "q" }]] } ] }');
  write('old-report.json', '{ "schemaVersion": 99 }');
  test.each([
    [['chek'], /unknown command 'chek'; did you mean 'check'/],
    [['check', '--treads', '2'], /unknown option --treads; did you mean --threads/],
    [['check', '--frames', 'many', 'builtin:hybrid'], /--frames many: expected a whole number/],
    [['check', '--frames', '8', '--chunk', '3', 'builtin:hybrid'], /impossible geometry: chunks of 3 frames/],
    [['check', '--strategy', 'pct', '--preemptions', '2', 'builtin:hybrid'], /--preemptions goes with --strategy bounded, not with pct/],
    [['check', '--strategy', 'guess', 'builtin:hybrid'], /--strategy guess: expected exhaustive, bounded, pct, random/],
    [['check', '--preset', 'huge', 'builtin:hybrid'], /--preset huge: expected smoke, ci, nightly/],
    [['check', '--time', 'soon', 'builtin:hybrid'], /--time soon/],
    [['check', '--invariant', 'FP-ZZZ-9', 'builtin:hybrid'], /FP-ZZZ-9: no such invariant/],
    [['check', 'builtin:nothing'], /builtin:nothing: no such allocator; known: builtin:hybrid/],
    [['check', './nowhere.subject.ts'], /nowhere\.subject\.ts: no such subject/],
    [['check', './broken.subject.ts'], /broken\.subject\.ts:2:\d+: does not parse/],
    [['check', './no-subject.subject.ts'], /no-subject\.subject\.ts: a subject's create must be a function/],
    [['check', './missing-import.subject.ts'], /missing-import\.subject\.ts: imports nowhere\.ts, which does not exist/],
    [['check', './async.subject.ts'], /async\.subject\.ts:2:\d+: allocate reaches shared memory, but is async/],
    [['check', './throws.subject.ts'], /throws\.subject\.ts:1: does not load: at load/],
    [['check', './operations.subject.ts'], /'operations' is reserved/],
    [['check', 'builtin:hybrid', '--scenario', 'f8c4o3 | A: free(x)'], /nothing allocates 'x'/],
    [['check', 'builtin:hybrid', '--config', 'none.ts'], /none\.ts: no such configuration/],
    [['replay'], /replay takes a token or a file/],
    [['replay', 'nothing'], /no such file, and no token either/],
    [['replay', 'builtin:hybrid | f8c4o3 | A: allocate(1) | A9?'], /not a schedule at character 3/],
    [['replay', 'builtin:hybrid | f2c2o1 | A: allocate(1) | A!'], /has A stop for ever before its first step/],
    [['replay', 'old-report.json'], /schemaVersion 99; this version reads 1/],
    [['trace'], /trace takes at least one file/],
    [['trace', 'missing.trace'], /missing\.trace: no such file/],
    [['trace', 'malformed.trace'], /malformed\.trace:2:\d+: an allocation event without a readable pfn=/],
    [['trace', 'not.trace.gz'], /not\.trace\.gz: cannot be read after line 0/],
    [['litmus', 'bad.json'], /bad\.json: not JSON/],
    [['litmus', 'bad-litmus.json'], /bad-litmus\.json: programs\[0\]\.threads\[0\]\[0\]\.cell: no cell "q"/],
    [['model', '--frames', '99'], /--frames 99: expected a whole number from 1 to 10/],
    [['model', '--format', 'png'], /--format png: expected mermaid, dot or json/],
    [['invariants', 'FP-OWN-9'], /FP-OWN-9: no such invariant; did you mean FP-OWN-/],
  ])('%j', (args, message) => {
    const { status, stderr, stdout } = run(...args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });

  test('nothing to judge says what was looked for', () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    const { status, stderr } = spawnSync(process.execPath, [main, 'check'], { cwd: empty, encoding: 'utf8', env });
    expect(stderr).toMatch(/nothing to judge[^]*\*\*\/\*\.subject\.\{ts,mts,js,mjs\}/);
    expect(status).toBe(2);
  });
});

describe('help', () => {
  test.each(['check', 'init', 'replay', 'model', 'trace', 'litmus', 'merge', 'invariants', 'bench'])('of %s has examples and options', (name) => {
    const { status, stdout } = run(name, '--help');
    expect(status).toBe(0);
    expect(stdout).toMatch(/Examples:\n {2}frameproof /);
    expect(stdout).toMatch(/--json/);
  });

  test('of check has the table of presets', () => {
    expect(run('check', '--help').stdout).toMatch(/smoke[^]*ci[^]*nightly/);
  });
});

describe('check', () => {
  test('that finds a violation prints the interleaving and the line that replays it, which fails again', () => {
    const check = run('check', canary('v30-in-flight'), '--threads', '2', '--ops', '1', '--frames', '2');
    expect(check.status).toBe(1);
    expect(check.stdout).toMatch(/VIOLATION FP-OOM-1 exact out-of-memory {3}layer: history/);
    expect(check.stdout).toMatch(/── preempted ──/);
    const token = /replay +frameproof replay '(.*)'/.exec(check.stdout)?.[1] as string;
    const again = run('replay', token);
    expect(again.stdout).toMatch(/still fails: FP-OOM-1/);
    expect(again.status).toBe(1);
    const repaired = run('replay', token, canary('v30-repaired'));
    expect(repaired.stdout).toMatch(/holds: no invariant is broken along this schedule/);
  });

  test('--json gives one value of the documented form, equal for equal seeds but for durations', () => {
    const once = () => run('check', canary('v30-in-flight'), '--preset', 'smoke', '--seed', '7', '--json');
    const { status, stdout } = once();
    const report = JSON.parse(stdout) as Record<string, unknown> & { subjects: Record<string, unknown>[] };
    expect(status).toBe(1);
    expect(report).toMatchObject({ schemaVersion: 1, tool: { name: 'frameproof' }, command: 'check', seed: 7, verdict: 'violated' });
    expect(report.subjects[0]).toMatchObject({
      name: 'v30-in-flight', verdict: 'violated',
      coverage: { exhausted: expect.any(Boolean), modelTransitions: { covered: expect.any(Number), total: expect.any(Number) }, stepsMax: { allocate: expect.any(Number) } },
      violations: [{ invariant: 'FP-OOM-1', layer: 'history', alsoBroken: [], counterexample: { commands: 2, preemptions: 1, trace: expect.any(Array) }, shrink: { minimal: true } }],
    });
    const timeless = (text: string): string => text.replaceAll(/"durationMs": [\d.]+/g, '');
    expect(timeless(once().stdout)).toBe(timeless(stdout));
    write('report.json', stdout);
    expect(run('replay', 'report.json').status).toBe(1);
  });

  test('cut by its time budget is inconclusive and says so', () => {
    const { status, stdout } = run('check', 'builtin:hybrid', '--preset', 'ci', '--time', '300ms');
    expect(stdout).toMatch(/cut short/);
    expect(status).toBe(3);
  });

  test('interrupted by Ctrl-C prints what it has, exit 130', async () => {
    const child = spawn(process.execPath, [main, 'check', 'builtin:hybrid', '--preset', 'ci'], { cwd: folder, env });
    let out = '';
    child.stdout.on('data', (data: Buffer) => {
      out += data.toString();
    });
    await new Promise((done) => {
      child.stdout.once('data', done);
    });
    setTimeout(() => child.kill('SIGINT'), 1500);
    const status = await new Promise((done) => {
      child.on('exit', done);
    });
    expect(out).toMatch(/interrupted/);
    expect(status).toBe(130);
  });

  test('of an allocator that behaves differently when it is run again says so, exit 4', () => {
    write('random.subject.ts', readFileSync(canary('v30-repaired'), 'utf8').replace('while (seen !== 0) {', 'while (seen !== 0 && turn() !== 0) {').replace('export default', 'const turn = (() => { let n = 0; return () => n++ % 3; })();\n\nexport default'));
    const { status, stdout } = run('check', './random.subject.ts', '--preset', 'smoke');
    expect(stdout).toMatch(/diverged at step \d+[^]*Math\.random/);
    expect(status).toBe(4);
  });

  test('--list says what would be judged', () => {
    const { status, stdout } = run('check', 'builtin:hybrid', '--list', '--preset', 'smoke');
    expect(stdout).toMatch(/^builtin:hybrid\n {2}exhaustive 2 threads/);
    expect(status).toBe(0);
  });

  test('discovers subjects below the folder', () => {
    const nest = join(folder, 'nest/deep');
    mkdirSync(nest, { recursive: true });
    writeFileSync(join(nest, 'mine.subject.ts'), readFileSync(canary('v30-repaired'), 'utf8'));
    const { status, stdout } = spawnSync(process.execPath, [main, 'check', '--frames', '2'], { cwd: join(folder, 'nest'), encoding: 'utf8', env });
    expect(stdout).toMatch(/\.\/deep\/mine\.subject\.ts: held/);
    expect(status).toBe(0);
  });
});

describe('trace', () => {
  const fixture = (name: string): string => join(root, 'test/fixtures', name);

  test('judges recorded Linux traces', () => {
    const { status, stdout } = run('trace', fixture('linux-compile.trace.gz'), fixture('linux-network.trace.gz'), '--json');
    const { files } = JSON.parse(stdout) as { files: Record<string, unknown>[] };
    expect(files).toMatchObject([
      { verdict: 'held', events: 3988, ownedTwice: 0, partialFrees: 0, unreadable: 0, violations: [] },
      { verdict: 'held', events: 5988, ownedTwice: 0, partialFrees: 0, unreadable: 0, violations: [] },
    ]);
    expect(status).toBe(0);
  });

  test('--drive puts the requests to an allocator, with the model alongside', () => {
    const driven = run('trace', fixture('linux-compile.trace.gz'), '--drive', 'builtin:hybrid');
    expect(driven.stdout).toMatch(/frames free \(least[^]*pressure[^]*every response is one that the model accepts/);
    expect(driven.status).toBe(0);
    const report = JSON.parse(run('trace', fixture('linux-network.trace.gz'), '--drive', 'builtin:hybrid', '--frames', '2048', '--json').stdout) as { files: Record<string, unknown>[] };
    expect(report.files).toMatchObject([{ verdict: 'held', drive: { subject: 'builtin:hybrid', rejections: 0, geometry: { frames: 2048 }, samples: expect.any(Array) } }]);
    const wrong = run('trace', fixture('linux-compile.trace.gz'), '--drive', canary('h8-swallowed'));
    expect(wrong.stderr + wrong.stdout).toMatch(/cannot be driven[^]*at most 12/);
    expect(wrong.status).toBe(2);
  });

  test('names the line of an allocation that is repeated', () => {
    const lines = gunzipSync(readFileSync(fixture('linux-compile.trace.gz'))).toString().split('\n');
    const at = lines.findIndex((line) => line.includes('mm_page_alloc'));
    write('repeated.trace', [...lines.slice(0, at + 1), lines[at], ...lines.slice(at + 1)].join('\n'));
    const { status, stdout } = run('trace', 'repeated.trace');
    expect(stdout).toMatch(new RegExp(`repeated\\.trace:${at + 2}: frame \\d+ is handed out while it is owned`));
    expect(status).toBe(1);
  });

  test('copes with other events, lost events, failed allocations and frees in pieces', () => {
    const head = '  <...>-0  [001] .....   1.5: ';
    write('odd.trace', ['# tracer: nop', 'CPU:1 [LOST 12 EVENTS]', `${head}mm_page_alloc: pfn=0x40 order=2`, `${head}mm_page_free: pfn=0x41 order=0`, `${head}mm_page_alloc: page=(null) pfn=0x0 order=9`, `${head}sched_switch: a=b`, `${head}mm_page_alloc: pfn=0x41 order=1`].join('\n'));
    const { status, stdout } = run('trace', 'odd.trace', '--json');
    expect((JSON.parse(stdout) as { files: unknown[] }).files).toMatchObject([{ verdict: 'violated', failed: 1, partialFrees: 1, otherEvents: 1, unreadable: 1, ownedTwice: 1, violations: [{ line: 7, cpu: 1, frame: 66, order: 1 }] }]);
    expect(status).toBe(1);
  });

  test('without any allocation event is inconclusive', () => {
    expect(run('trace', write('empty.trace', '# tracer: nop\n')).status).toBe(3);
  });
});

test('bench gives ratios to one compareExchange, and figures of the explorer beside their aims', () => {
  const { status, stdout } = run('bench', '--runs', '1', '--json');
  const ratios = { ratio: expect.any(Number), most: expect.any(Number), runs: [expect.any(Number)], literal: { ratio: expect.any(Number) } };
  expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: 1, runs: 1, allocator: [ratios, ratios, ratios, ratios], metadata: { share: expect.any(Number) } });
  const { explorer } = JSON.parse(stdout) as { explorer: { name: string; unit: string }[] };
  const figures = { value: expect.any(Number), aim: expect.any(Object), met: expect.any(Boolean), rounds: [expect.any(Number)] };
  expect(explorer).toMatchObject(explorer.map(() => figures));
  expect(explorer.at(-1)).toMatchObject({ processors: expect.any(Number) });
  expect(explorer.map(({ name, unit }) => `${name}: ${unit}`)).toEqual([
    'fib_bench, one core: executions/s', 'big0, one core: executions/s', 'allocator, clocks of the reduction only: steps/s', 'allocator, all that is judged: steps/s',
    'step of fib_bench ÷ resumed generator: times', 'step of the allocator ÷ resumed generator: times', 'two threads ÷ one: times',
  ]);
  expect(status).toBe(0);
});

test('litmus tells what is violated, and where, with exit 1', () => {
  const file = write('racing.json', JSON.stringify({ name: 'MP', initial: { x: 0, y: 0 }, threads: [[{ op: 'store', cell: 'x', val: 1, plain: true }], [{ op: 'load', cell: 'x', reg: 'a' }]], finalAssert: ['==', '1:a', 1] }));
  const { status, stdout } = run('litmus', file, '--json', '--bounds');
  const [program] = (JSON.parse(stdout) as { programs: object[] }).programs;
  expect(status).toBe(1);
  expect(program).toMatchObject({ executions: 2, byPreemptionBound: [2], violations: [{ kind: 'race', where: 'threads[0][0] and threads[1][0]' }, { kind: 'finalAssert', where: 'finalAssert', schedule: 'B1A1', outcome: { mem: { x: 1, y: 0 }, regs: [{}, { a: 0 }] } }] });
  expect(run('litmus', file).stdout).toMatch(/✗ race at threads\[0\]\[0\] and threads\[1\]\[0\][^]*1 of 1 programs · 1 violated/);
});

test('a strategy that goes through less than everything says what it has proven', () => {
  const scope = ['--frames', '2', '--chunk', '2', '--executions', '50', '--scenarios', '5'];
  const { status, stdout } = run('check', 'builtin:hybrid', '--strategy', 'pct', '--strategy', 'bounded', '--preemptions', '1', '--depth', '2', ...scope);
  expect(stdout).toMatch(/pct .*\n.*sampled, finds a bug of depth 2 with probability ≥ \d+ % in each scenario/);
  expect(stdout).toMatch(/bounded .*\n.*exhausted within 1 preemption /);
  expect(status).toBe(0);
});

test('model walks and holds; litmus counts', () => {
  const model = run('model', '--json');
  expect(JSON.parse(model.stdout)).toMatchObject({ schemaVersion: 1, verdict: 'held' });
  expect(model.status).toBe(0);
  const file = write('sb.json', '{ "name": "SB", "initial": { "x": 0, "y": 0 }, "threads": [[{ "op": "store", "cell": "x", "val": 1 }, { "op": "load", "cell": "y", "reg": "a" }], [{ "op": "store", "cell": "y", "val": 1 }, { "op": "load", "cell": "x", "reg": "b" }]] }');
  expect(JSON.parse(run('litmus', file, '--json', '--outcomes').stdout)).toMatchObject({ programs: [{ name: 'SB', executions: 3, blocked: 0, outcomes: expect.any(Array) }] });
});
