import { describe, expect, test } from 'vitest';
import { Refusal } from '../../spec/explore/source.ts';
import { scopeOf } from '../../spec/scope.ts';
import { parseScenario } from '../../spec/token.ts';
import { loadText, runCheck } from '../support/subjects.ts';

const phases = [{ strategy: 'exhaustive' as const, scope: scopeOf({ frames: 2, threads: 2, ops: 1, prefixOps: 1 }) }];

/** A correct allocator of at most 31 frames, one bit each; `handle` is what attach gives, over `words` and `firstFrame`. */
const subject = (handle: string, before = ''): string => `
import { defineSubject } from 'frameproof';
${before}
export default defineSubject({
  name: 'styled', limits: { framesMax: 31 },
  create: ({ frames, firstFrame }: { frames: number; firstFrame: number }) => {
    const memory = new SharedArrayBuffer(4);
    new Int32Array(memory)[0] = 2 ** frames - 1;
    return { memory, firstFrame, frames };
  },
  attach: ({ memory, firstFrame, frames }: { memory: SharedArrayBuffer; firstFrame: number; frames: number }) => { const words = new Int32Array(memory); ${handle} },
});`;

const take = 'let v = Atomics.load(words, 0); while (v !== 0) { const low = v & -v; const was = Atomics.compareExchange(words, 0, v, v & ~low); if (was === v) return firstFrame + 31 - Math.clz32(low); v = was; } return -1;';
const give = 'const at = frame - firstFrame; if (count !== 1 || at < 0 || at >= frames) return -3; return (Atomics.or(words, 0, 1 << at) & (1 << at)) === 0 ? 0 : -4;';

describe('styles that can be explored', () => {
  test.each([
    ['an object of methods', `return { allocate() { ${take} }, free(frame: number, count: number) { ${give} } };`],
    ['closures in an object', `const take = () => { ${take} }; const give = (frame: number, count: number) => { ${give} }; return { allocate: take, free: give };`],
    ['nested function declarations', `function take() { ${take} } function give(frame: number, count: number) { ${give} } return { allocate: () => take(), free: (frame: number, count: number) => give(frame, count) };`],
    ['a class with private methods', `return new (class { #take() { ${take} } #give(frame: number, count: number) { ${give} } allocate() { return this.#take(); } free(frame: number, count: number) { return this.#give(frame, count); } })();`],
    ['inheritance and super', `class Base { take() { ${take} } free(frame: number, count: number) { ${give} } } class Derived extends Base { override take() { return super.take(); } allocate() { return this.take(); } } return new Derived();`],
    ['class fields with arrows', `class Fields { #first = firstFrame; allocate = (): number => { const f = this.#take(); return f; }; #take(): number { const firstFrame = this.#first; ${take} } free = (frame: number, count: number): number => { ${give} }; } return new Fields();`],
    ['a function handed to an own one', `const twice = (f: () => number): number => { const r = f(); return r; }; return { allocate: () => twice(() => { ${take} }), free: (frame: number, count: number) => { ${give} } };`],
    ['a helper that gives a tuple', `const look = (): [number, boolean] => { const v = Atomics.load(words, 0); return [v, v !== 0]; }; return { allocate: () => { for (;;) { const [v, some] = look(); if (!some) return -1; const low = v & -v; if (Atomics.compareExchange(words, 0, v, v & ~low) === v) return firstFrame + 31 - Math.clz32(low); } }, free: (frame: number, count: number) => { ${give} } };`],
  ])('%s is held', async (_, handle) => {
    const report = runCheck(await loadText(subject(handle)), phases);
    expect(report.violations).toEqual([]);
    expect(report.verdict).toBe('held');
    expect(report.coverage.executions).toBeGreaterThan(10);
  });

  test.each([
    ['an object of methods', `return { allocate() { const v = Atomics.load(words, 0); if (v === 0) return -1; const low = v & -v; Atomics.store(words, 0, v & ~low); return firstFrame + 31 - Math.clz32(low); }, free(frame: number, count: number) { ${give} } };`],
    ['a callback of an own function', `const run = (f: (v: number) => number): number => f(Atomics.load(words, 0)); return { allocate: () => run((v) => { if (v === 0) return -1; const low = v & -v; Atomics.store(words, 0, v & ~low); return firstFrame + 31 - Math.clz32(low); }), free: (frame: number, count: number) => { ${give} } };`],
  ])('a lost update in %s is found', async (_, handle) => {
    expect(runCheck(await loadText(subject(handle)), phases).verdict).toBe('violated');
  });

  test('the parts of a subject may stand in several files', async () => {
    const files = { 'take.ts': `export function take(words: Int32Array, firstFrame: number): number { ${take} }`, 'index.ts': "export * from './take.ts'; export { give as release } from './give.ts';", 'give.ts': `export const give = (words: Int32Array, firstFrame: number, frames: number, frame: number, count: number): number => { ${give} };` };
    const loaded = await loadText(subject('return { allocate: () => take(words, firstFrame), free: (frame: number, count: number) => all.release(words, firstFrame, frames, frame, count) };', "import { take } from './index.ts'; import * as all from './index.ts';"), files);
    expect(loaded.files.length).toBe(4);
    expect(runCheck(loaded, phases).verdict).toBe('held');
  });
});

describe('raw indices are traced as plain accesses', () => {
  const plain = `return { allocate: () => { ${'const v = words[0]; if (v === 0) return -1; const low = v & -v; words[0] &= ~low; return firstFrame + 31 - Math.clz32(low);'} }, free: (frame: number, count: number) => { ${give} } };`;

  test('and race', async () => {
    expect(runCheck(await loadText(subject(plain)), phases).violations[0]?.invariant).toBe('FP-RAC-1');
  });

  test('and keep their meaning in every form', async () => {
    const forms = 'const list = [1, 2, 3]; let at = 0; list[at++] += 4; const old = list[1]++; const pre = --list[2]; words[0]++; words[0] -= 1; ++words[0]; words[0]--; list[9] ??= 7; delete list[9]; const all = [list[0], old, list[1], pre, list?.[2], at].join();';
    const loaded = await loadText(subject(`return { allocate: () => { ${forms} if (all !== '5,2,3,2,2,1') throw new Error(all); ${take} }, free: (frame: number, count: number) => { ${give} } };`));
    const report = runCheck(loaded, [], { scenarios: [parseScenario('f2c2o1 | A: allocate(1); allocate(1); allocate(1)')] });
    expect(report.violations).toEqual([]);
    expect(report.verdict).toBe('held');
  });
});

describe('what cannot be explored soundly is refused with its place', () => {
  test.each([
    ['async', 'return { allocate: async () => Atomics.load(words, 0), free: () => 0 };', /is async/],
    ['a getter', 'return { get x() { return Atomics.load(words, 0); }, allocate: () => -1, free: () => 0 };', /accessor/],
    ['a constructor', 'class C { v: number; constructor() { this.v = Atomics.load(words, 0); } } return new C();', /constructor/],
    ['a callback of a built-in', 'return { allocate: () => { [1].forEach(() => Atomics.add(words, 0, 1)); return -1; }, free: () => 0 };', /not part of the subject/],
    ['an alias of Atomics', 'const A = Atomics; return { allocate: () => A.load(words, 0), free: () => 0 };', /literal name/],
    ['Atomics.waitAsync', 'return { allocate: () => { Atomics.waitAsync(words, 0, 0); return -1; }, free: () => 0 };', /answers before its promise does/],
    ['Atomics.wait as a value', 'const sleep = Atomics.wait; return { allocate: () => { sleep(words, 0, 0); return -1; }, free: () => 0 };', /literal name/],
    ['a pause that is bound to a name', 'const rest = Atomics.pause; return { allocate: () => { rest?.(); return Atomics.load(words, 0); }, free: () => 0 };', /Atomics\.pause\?\.\(\)/],
    ['a pause that is bound through a cast', 'const rest = (Atomics as { pause?: () => void }).pause; return { allocate: () => { rest?.(); return Atomics.load(words, 0); }, free: () => 0 };', /literal name/],
    ['a wait with too few arguments', 'return { allocate: () => { Atomics.wait(words, 0); return -1; }, free: () => 0 };', /takes 3 to 4 arguments/],
    ['state of the module', 'return { allocate: () => { counter++; return Atomics.load(words, 0); }, free: () => 0 };', /counter is state of the module/],
    ['a map of the module', 'return { allocate: () => { seen.set(1, 2); return Atomics.load(words, 0); }, free: () => 0 };', /seen is state of the module/],
  ])('%s', async (_, handle, message) => {
    const loading = loadText(subject(handle, 'let counter = 0; const seen = new Map();'));
    await expect(loading).rejects.toThrow(message);
    const refusal = (await loading.catch((error: unknown) => error)) as Refusal;
    expect(refusal).toBeInstanceOf(Refusal);
    expect({ file: refusal.file, onTheLine: refusal.line, hasColumn: refusal.column > 1 }).toEqual({ file: '/virtual/main.ts', onTheLine: 11, hasColumn: true });
  });

  test('a circle of imports', async () => {
    await expect(loadText("import './a.ts'; export default 1;", { 'a.ts': "import './b.ts';", 'b.ts': "import './a.ts';" })).rejects.toThrow(/circle/);
  });

  test('text that does not parse', async () => {
    await expect(loadText('export default {')).rejects.toThrow(/does not parse/);
  });
});
