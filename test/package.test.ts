import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const scratch = mkdtempSync(join(tmpdir(), 'frameproof-package-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

// What the npm that started this test has set for its own script would make the npm below believe that it is that one.
const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_(lifecycle|package|command|config_(local_prefix|workspace))|INIT_CWD$|GITHUB_ACTIONS$)/.test(name));
const quiet = { npm_config_prefer_offline: 'true', npm_config_audit: 'false', npm_config_fund: 'false', npm_config_loglevel: 'error', npm_config_update_notifier: 'false' };
const env = { ...Object.fromEntries(inherited), ...quiet, CI: 'true', NO_COLOR: '1' };

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
const shell = (command: string, cwd: string): Ran => spawnSync('sh', ['-c', command], { cwd, encoding: 'utf8', env, maxBuffer: 64 << 20 });

/** Runs a command that must succeed, and gives what it printed. */
function must(command: string, cwd: string): string {
  const { status, stdout, stderr } = shell(command, cwd);
  if (status !== 0) throw new Error(`${command}: exit ${status}\n${stdout}${stderr}`);
  return stdout;
}

function put(folder: string, files: Readonly<Record<string, string>>): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** What TypeScript says of modules in a folder where the package is installed. */
function typeErrors(cwd: string, files: readonly string[], ...options: string[]): string {
  const tsc = join(root, 'node_modules/@typescript/native/bin/tsc');
  const strict = ['--noEmit', '--strict', '--target', 'es2024', '--lib', 'es2024', '--allowImportingTsExtensions'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, ...strict, ...options, ...files], { cwd, encoding: 'utf8' });
  return status === 0 ? stdout : `exit ${status}\n${stdout}${stderr}`;
}

let packed: string[] = [];
let tarball = '';
const consumer = join(scratch, 'consumer');

beforeAll(() => {
  // Packed from a copy, so that no test leaves a dist in the working tree or meets one.
  const tree = put(join(scratch, 'tree'), {});
  const { include } = JSON.parse(readFileSync(join(root, 'tsconfig.build.json'), 'utf8')) as { include: string[] };
  for (const part of [...include, 'tools', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'README.md', 'LICENSE', '.gitignore']) {
    cpSync(join(root, part), join(tree, part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'), 'junction');
  tarball = join(scratch, must(`npm pack --silent --pack-destination ${scratch}`, tree).trim().split('\n').at(-1) as string);
  packed = must(`tar -tzf ${tarball}`, scratch).trim().split('\n');
  must(`npm install ${tarball}`, put(consumer, {}));
}, 180_000);

describe('the package', () => {
  test('holds what runs, what is explored and what is read, and nothing else', () => {
    const wanted = /^package\/(dist\/[\w/.-]+\.(js|d\.ts)|impl\/[\w.-]+\.ts|spec\/contract\.ts|package\.json|README\.md|LICENSE)$/;
    expect(packed.filter((file) => !wanted.test(file) || /\.test\./.test(file))).toEqual([]);
  });

  test('brings the libraries that it needs, and no Node and no tools of its development', () => {
    const installed = readdirSync(join(consumer, 'node_modules')).filter((name) => !name.startsWith('.'));
    expect(installed.sort()).toEqual(['@oxc-parser', '@oxc-project', 'fast-check', 'frameproof', 'oxc-parser', 'pure-rand', 'ts-pattern', 'xstate']);
  });

  test('declares no file that it does not have', () => {
    const declarations = packed.filter((file) => file.endsWith('.d.ts'));
    const missing = declarations.flatMap((file) => {
      const path = join(consumer, 'node_modules/frameproof', file.slice('package/'.length));
      const imports = [...readFileSync(path, 'utf8').matchAll(/(?:from|import\() *'(\.[^']*)'/g)].map((match) => match[1] as string);
      return imports.filter((each) => !each.endsWith('.js') || !existsSync(resolve(dirname(path), each))).map((each) => `${file}: ${each}`);
    });
    expect(declarations.length).toBeGreaterThan(20);
    expect(missing).toEqual([]);
  });

  const types = `import { defineConfig, defineSubject, type CheckReport, type ErrorCode, type Geometry, type Handle, type Request, type Subject } from 'frameproof';
import { attachHybrid, createHybrid } from 'frameproof/impl';
const handle: Handle = attachHybrid(createHybrid({ frames: 8, firstFrame: 0, chunkFrames: 4, maxOrder: 3, workers: 1, reserved: [] }), 0);
const frame: number = handle.allocate(2);
// @ts-expect-error a frame is a number
handle.free('none', 2);
const subject: Subject<{ words: SharedArrayBuffer }> = defineSubject({
  name: 'typed',
  create: ({ frames }: Geometry) => ({ words: new SharedArrayBuffer(4 * frames) }),
  attach: ({ words }) => ({ allocate: (count, request?: Request) => words.byteLength + count + (request?.align ?? 0), free: (): ErrorCode => -4 }),
});
// @ts-expect-error no such key
defineConfig({ subject });
export type Verdicts = CheckReport['subjects'][number]['verdict'];
export { frame };
`;
  test.each([['nodenext', 'nodenext'], ['esnext', 'bundler']])('has its types (module %s, resolution %s)', (module, resolution) => {
    put(consumer, { 'typed.ts': types });
    expect(typeErrors(consumer, ['typed.ts'], '--module', module, '--moduleResolution', resolution)).toBe('');
  });

  test('judges its own allocator', () => {
    const { status, stdout } = shell('npx frameproof check builtin:hybrid --frames 2', consumer);
    expect(stdout).toMatch(/builtin:hybrid: held/);
    expect(status).toBe(0);
    expect(must('npx frameproof check builtin:hybrid --strategy stress --ops 2000', consumer)).toMatch(/2 real threads, [\d,]+ operations in 8 rounds[^]*builtin:hybrid: held/);
  });

  test('runs what it explored again on real threads', () => {
    put(consumer, {
      'small.subject.ts': `import { defineSubject } from 'frameproof';
import { peek } from 'frameproof/impl';
export default defineSubject({
  name: 'small',
  limits: { framesMax: 2, workersMax: 2 },
  create: () => ({ memory: new SharedArrayBuffer(8) }),
  hints: ({ memory }) => [new Int32Array(memory)],
  attach: ({ memory }) => {
    const words = new Int32Array(memory);
    const take = (at: number): boolean => peek(words, at) === 0 && Atomics.compareExchange(words, at, 0, 1) === 0;
    return {
      allocate: (count) => (count !== 1 ? -2 : take(0) ? 0 : take(1) ? 1 : -1),
      free: (frame, count) => (count === 1 && (frame === 0 || frame === 1) && Atomics.compareExchange(words, frame, 1, 0) === 1 ? 0 : -4),
    };
  },
});
`,
    });
    expect(must('npx frameproof check ./small.subject.ts --preset ci --invariant FP-OWN-1', consumer)).toMatch(/cross-check 100 explored executions \(\d+ steps\) again on real threads, source not rewritten: identical/);
  });

  test('names the lines of sources that it carries', () => {
    put(consumer, {
      'twice.subject.ts': `import { defineSubject } from 'frameproof';
import { attachHybrid, createHybrid } from 'frameproof/impl';
export default defineSubject({
  name: 'twice',
  create: (geometry) => createHybrid(geometry),
  attach: (shared, worker) => {
    const handle = attachHybrid(shared, worker);
    return { allocate: (count) => handle.allocate(count), free: (frame, count) => (handle.free(frame, count), handle.free(frame, count)) };
  },
});
`,
    });
    const { status, stdout } = shell('npx frameproof check ./twice.subject.ts --frames 2 --json', consumer);
    expect(status).toBe(1);
    const report = JSON.parse(stdout) as { subjects: { violations: { counterexample: { trace: { file: string; line: number }[] } }[] }[] };
    const places = report.subjects[0]?.violations[0]?.counterexample.trace.filter(({ file }) => file !== '') ?? [];
    expect(new Set(places.map(({ file }) => dirname(file)))).toEqual(new Set(['node_modules/frameproof/impl']));
    for (const { file, line } of places) expect(readFileSync(join(consumer, file), 'utf8').split('\n')[line - 1]).toMatch(/Atomics\.|ownRead|ownWrite|peek|poke/);
  });

  const bitmap = (helper: string): string => `import { defineSubject } from 'frameproof';
import { take } from '${helper}';
export default defineSubject({
  name: 'imports',
  create: () => new Int32Array(new SharedArrayBuffer(4)),
  attach: (words) => ({ allocate: () => take(words), free: () => -4 }),
});
`;
  // A load and a store: found to be wrong only if the accesses are seen.
  const helper = 'export function take(words) { const seen = Atomics.load(words, 0); Atomics.store(words, 0, 1); return seen === 0 ? 0 : -1; }\n';
  test.each([
    ['a folder that says it is CommonJS', { 'package.json': '{ "type": "commonjs" }', 'take.js': helper, 'a.subject.js': bitmap('./take.js') }],
    ['a module that TypeScript names by what it becomes', { 'take.ts': helper.replace('(words)', '(words: Int32Array)'), 'a.subject.ts': bitmap('./take.js') }],
    ['a module without its ending, in a folder of the same name', { 'take/index.ts': helper.replace('(words)', '(words: Int32Array)'), 'a.subject.ts': bitmap('./take') }],
    ['imports of the own package', { 'package.json': '{ "imports": { "#take": "./lib/take.mjs" } }', 'lib/take.mjs': helper, 'a.subject.ts': bitmap('#take') }],
    ['the own package by its name', { 'package.json': '{ "name": "mine", "exports": { "import": "./lib/take.mjs" } }', 'lib/take.mjs': helper, 'a.subject.ts': bitmap('mine') }],
    ['a package that has an import condition only', {
      'node_modules/zero/package.json': '{ "exports": { "import": "./zero.mjs" } }', 'node_modules/zero/zero.mjs': 'export const zero = 0;\n',
      'take.js': helper.replace('(words, 0)', '(words, zero)').replace('export', "import { zero } from 'zero';\nexport"), 'a.subject.ts': bitmap('./take.js'),
    }],
  ])('explores %s', (name, files) => {
    const folder = put(join(scratch, name.replaceAll(' ', '-')), files);
    symlinkSync(join(consumer, 'node_modules/frameproof'), join(put(join(folder, 'node_modules'), {}), 'frameproof'), 'junction');
    const { status, stdout, stderr } = shell(`node ${join(consumer, 'node_modules/frameproof/dist/cli/bin.js')} check --frames 1 --invariant FP-OWN-1`, folder);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/VIOLATION FP-OWN-1/);
    expect(status).toBe(1);
    const onThreads = shell(`node ${join(consumer, 'node_modules/frameproof/dist/cli/bin.js')} check --frames 1 --strategy stress --ops 500 --noise 0`, folder);
    expect(onThreads.stderr).toBe('');
    // Which of its mistakes shows first is up to the threads: two may really take the frame at once.
    expect(onThreads.stdout).toMatch(/VIOLATION FP-(FRE-2|OWN-1)/);
  });

  test('finds paths of a script from where npm runs it, also when it was started below', () => {
    const scripts = { frameproof: 'frameproof check --list ./a.subject.ts' };
    const folder = put(join(scratch, 'script'), { 'package.json': JSON.stringify({ scripts }), 'a.subject.ts': bitmap('./take.js'), 'below/empty': '' });
    symlinkSync(join(consumer, 'node_modules'), join(folder, 'node_modules'), 'junction');
    expect(must('npm run -s frameproof', join(folder, 'below'))).toMatch(/^\.\/a\.subject\.ts\n/);
  });

  test('does what the README says', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const blocks = [...readme.matchAll(/^```ts\n([^]*?)^```$/gm)].map((match) => match[1] as string);
    const folder = put(join(scratch, 'readme'), Object.fromEntries(blocks.map((text, at) => [/defineSubject/.test(text) ? 'bitmap.subject.ts' : `example-${at}.mts`, text])));
    symlinkSync(join(consumer, 'node_modules'), join(folder, 'node_modules'), 'junction');
    const examples = readdirSync(folder).filter((name) => name.startsWith('example-'));
    expect(examples.length).toBeGreaterThan(0);
    for (const name of examples) must(`node ${name}`, folder);
    expect(readme).toContain('frameproof check ./bitmap.subject.ts');
    expect(shell('npx frameproof check ./bitmap.subject.ts', folder).stdout).toMatch(/FP-RNG-2 reserved frames stay reserved/);
  });
});

/** A fenced block of a document, or the text between two. */
interface Part {
  readonly language: string | undefined;
  /** The file that a block is, or changes. */
  readonly name: string;
  readonly lines: readonly string[];
}

function partsOf(document: string): Part[] {
  return document.split(/^(```[^]*?^```)$/m).map((text) => {
    const fence = /^```(\S*) ?(.*)\n([^]*)```$/.exec(text);
    if (fence === null) return { language: undefined, name: '', lines: text.split('\n') };
    return { language: fence[1] as string, name: fence[2] as string, lines: (fence[3] as string).split('\n').slice(0, -1) };
  });
}

/**
 * Follows a document from top to bottom in a folder, and gives it back with the output that there was. Blocks are files (`ts NAME`), changes
 * of files (`diff NAME`), or commands (`sh`): each line that starts with `$ ` is run, and what stands below it is its output. Nothing
 * below it: any output. `…`: left out. A command whose exit code is not 0 must be followed by `$ echo $?`.
 */
function follow(document: string, folder: string): string {
  const parts = partsOf(document);
  return parts
    .map(({ language, name, lines }, at) => {
      if (language === undefined) return lines.join('\n');
      if (language === 'sh') return ['```sh', ...commands(lines, folder), '```'].join('\n');
      // A fence's name is not shown where Markdown is rendered, so the text before a file or the command after it must have it.
      const told = [parts[at - 1], parts[at + 2]].some((near) => near?.lines.join('\n').includes(name));
      if (language === 'ts' && !told) throw new Error(`nothing around it says that this block is ${name}`);
      if (language === 'ts') put(folder, { [name]: `${lines.join('\n')}\n` });
      else if (language === 'diff') change(join(folder, name), lines);
      else throw new Error(`a block of '${language}' is not run by anybody`);
      return [`\`\`\`${language} ${name}`, ...lines, '```'].join('\n');
    })
    .join('');
}

function change(file: string, lines: readonly string[]): void {
  const side = (sign: string): string => lines.filter((line) => line.startsWith(' ') || line.startsWith(sign)).map((line) => `${line.slice(1)}\n`).join('');
  const halves = readFileSync(file, 'utf8').split(side('-'));
  if (halves.length !== 2) throw new Error(`what is to be changed stands ${halves.length - 1} times in ${file}:\n${side('-')}`);
  writeFileSync(file, halves.join(side('+')));
}

function commands(lines: readonly string[], folder: string): string[] {
  const starts = lines.flatMap((line, at) => (line.startsWith('$ ') ? [at] : []));
  if (starts[0] !== 0) throw new Error(`a block of commands starts with one: ${lines[0]}`);
  let last = 0;
  return starts.flatMap((start, nth) => {
    const line = lines[start] as string;
    const stated = lines.slice(start + 1, starts[nth + 1] ?? lines.length);
    const command = line.slice(2).replace(/^(npm install .*)\bframeproof$/, `$1${tarball}`);
    const { status, stdout, stderr } = shell(`(exit ${last}); ${command}`, folder);
    last = status ?? 70;
    if (last !== 0 && lines[starts[nth + 1] ?? -1] !== '$ echo $?') throw new Error(`${line}: exit ${last}\n${stdout}${stderr}`);
    const actual = (stdout === '' ? stderr : stdout).trimEnd().split('\n').map((each) => each.trimEnd());
    return [line, ...(stated.length === 0 || matches(stated.map(timeless), actual.map(timeless)) ? stated : actual)];
  });
}

const timeless = (line: string): string => line.replaceAll(/\b\d+\.\d s\b/g, '0.0 s').replace(/^frameproof \d+\.\d+\.\d+/, 'frameproof 0.0.0');

/** Whether the lines are those stated, where `…` stands for any text within a line, and alone for any number of lines. */
function matches(stated: readonly string[], actual: readonly string[]): boolean {
  const [first, ...rest] = stated;
  if (first === undefined) return actual.length === 0;
  if (first !== '…') return actual.length > 0 && like(first, actual[0] as string) && matches(rest, actual.slice(1));
  return Array.from({ length: actual.length + 1 }, (_, skipped) => skipped).some((skipped) => matches(rest, actual.slice(skipped)));
}

const like = (stated: string, actual: string): boolean => new RegExp(`^${stated.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('…', '.*')}$`).test(actual);

describe('the tutorial', () => {
  const file = join(root, 'docs/subjects.md');

  // A file that differs is shown line by line; `vitest run -u test/package.test.ts` writes what there really was into the document.
  test('does what it says, line by line', async () => {
    const folder = put(join(scratch, 'tutorial'), {});
    await expect(follow(readFileSync(file, 'utf8'), folder)).toMatchFileSnapshot(file);
    const modules = readdirSync(folder).filter((name) => name.endsWith('.ts'));
    expect(modules).toContain('bitmap.subject.ts');
    expect(typeErrors(folder, modules, '--module', 'esnext', '--moduleResolution', 'bundler')).toBe('');
  });

  test.each([
    ['output that differs', '```sh\n$ echo one\ntwo\n```', '```sh\n$ echo one\none\n```'],
    ['an exit code that differs', '```sh\n$ false\n$ echo $?\n0\n```', '```sh\n$ false\n$ echo $?\n1\n```'],
    ['a line too few', '```sh\n$ printf "a\\nb\\n"\na\n```', '```sh\n$ printf "a\\nb\\n"\na\nb\n```'],
    ['a line that is left out where none may be', '```sh\n$ printf "a\\nb\\nc\\n"\na\n…\nb\n```', '```sh\n$ printf "a\\nb\\nc\\n"\na\nb\nc\n```'],
  ])('would not pass with %s', (_, lie, truth) => {
    expect(follow(lie, scratch)).toBe(truth);
    expect(follow(truth, scratch)).toBe(truth);
  });

  test.each([
    ['a failure that it hides', '```sh\n$ false\n```', /false: exit 1/],
    ['a change of something that is not there', '```sh\n$ echo a > a.txt\n```\n```diff a.txt\n-b\n+c\n```', /stands 0 times/],
    ['a block that nobody runs', '```js\n1\n```', /is not run by anybody/],
  ])('would not pass with %s', (_, lie, message) => {
    expect(() => follow(lie, scratch)).toThrow(message);
  });
});
