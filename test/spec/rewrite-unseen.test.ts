import { describe, expect, test } from 'vitest';
import { SubjectError } from '../../spec/explore/subject-error.ts';
import { Refusal } from '../../spec/explore/source.ts';
import { scopeOf } from '../../spec/scope.ts';
import { loadText, runCheck } from '../support/subjects.ts';

const phases = [{ strategy: 'exhaustive' as const, scope: scopeOf({ frames: 2, threads: 2, ops: 1, prefixOps: 1 }) }];
const take = 'let v = Atomics.load(words, 0); while (v !== 0) { const low = v & -v; const was = Atomics.compareExchange(words, 0, v, v & ~low); if (was === v) return firstFrame + 31 - Math.clz32(low); v = was; } return -1;';
const give = 'free(frame, count) { const at = frame - firstFrame; if (count !== 1 || at < 0 || at >= frames) return -3; return (Atomics.or(words, 0, 1 << at) & (1 << at)) === 0 ? 0 : -4; }';

/** A correct bitmap; `handle` is what attach gives (plain JavaScript), `before` stands at the top of the module. Word 5 is nobody's. */
const subject = (handle: string, before = ''): string => `import { defineSubject } from 'frameproof';
${before}
export default defineSubject({
  name: 'odd', limits: { framesMax: 31 },
  create: ({ frames, firstFrame }) => {
    const memory = new SharedArrayBuffer(64);
    new Int32Array(memory)[0] = 2 ** frames - 1;
    return { memory, firstFrame, frames };
  },
  attach: ({ memory, firstFrame, frames }, worker) => { const words = new Int32Array(memory);
${handle}
  },
});`;
const allocating = (before: string): string => `return { allocate() { ${before} ${take} }, ${give} };`;
const trouble = async (handle: string): Promise<unknown> => {
  try {
    const { violations } = runCheck(await loadText(subject(handle)), phases);
    return violations[0]?.invariant ?? 'held';
  } catch (error) {
    return error;
  }
};

describe('no element of a shared view is touched unseen: it is traced, or an error with its place', () => {
  test.each(['words[5]', "const key = '5'; words[key]", 'words.subarray(5, 6)[0]'])('%s races with an atomic store', async (read) => {
    expect(await trouble(allocating(`${read}; Atomics.store(words, 5, worker);`))).toBe('FP-RAC-1');
  });

  test.each([
    'const {5: s} = words', "words['5']", 'Array.from(words)[5]', 'Reflect.get(words, 5)', 'new DataView(words.buffer).getInt32(20, true)', "words['at'](5)", 'words?.at(5)', '(([a]) => a)(words)',
    'const {w: [a]} = {w: words}', 'Object.values(words)', 'Object.entries(words)', 'new Int32Array(words)', 'String(words)', '`${words}`', 'JSON.stringify(words)', 'Object.assign({}, words)', '({...words})', '[...words]',
    'Object.assign(words, [1])', "words['fill'](0)", 'words?.fill(0)', "const m = 'fill'; words[m](0)", 'Array.prototype.fill.call(words, 0)', 'Reflect.set(words, 5, 1)', 'for (const w of words) w', '5 in words', 'structuredClone(words)',
  ])('%s', async (touch) => {
    const found = await trouble(allocating(`${touch}; Atomics.store(words, 5, worker);`));
    expect(found).toBeInstanceOf(SubjectError);
    expect((found as Error).message).toMatch(/main\.ts:11:\d+: .*(shared view|where no access can be traced)/);
  });

  test.each([
    ['globalThis.Atomics.load(words, 0)', /literal name/], ['const {Atomics: A} = globalThis', /literal name/], ['const o = { load: Atomics.load }', /literal name/],
    ['((f) => f)(Atomics.load)', /literal name/], ['Atomics?.load(words, 0)', /literal name/],
  ])('%s is refused', async (reach, message) => {
    const found = await trouble(allocating(`${reach};`));
    expect(found).toBeInstanceOf(Refusal);
    expect((found as Error).message).toMatch(message);
  });

  test.each(["eval('Atomics.load(words, 0)')", "new Function('words', 'return Atomics.load(words, 0)')(words)"])('%s is an error', async (reach) => {
    expect(String(await trouble(allocating(`${reach};`)))).toMatch(/Atomics is reached in a way that cannot be followed/);
  });
});

describe('a correct program keeps its meaning', () => {
  test.each([
    ['call and apply', `function t() { ${take} } return { allocate() { try { return t.call(this); } finally { t.apply; } }, ${give} };`],
    ['code without semicolons', `const log = () => 0\nconst take = () => {\n  const n = worker\n  Atomics.load(words, 1)\n  const a = [1]\n  Atomics.add(words, 1, 1)\n  ;[a[0]] = [2]\n  ${take}\n}\nclass C {\n  n = worker\n  take() { return take() }\n}\nreturn { allocate() { return new C().take() }, ${give} }`],
    ['a swap', allocating('const a = [1, 2]; [a[0], a[1]] = [a[1], a[0]]; if (a.join() !== "2,1") throw new Error(a.join());')],
    ['element targets', allocating('const a = [0]; const o = {}; ({ x: a[0] } = { x: 7 }); if (a[0] !== 7) throw new Error(); for (a[0] of [1, 2]); for (o.k in { z: 1 }); if (a[0] !== 2 || o.k !== "z") throw new Error();')],
    ['a default of a shorthand', `const look = () => Atomics.load(words, 0); return { allocate() { const { y = look() } = {}; if (typeof y !== 'number') throw new Error(); ${take} }, ${give} };`],
    ['a callback by name, member, call and condition', `let f = (x) => [x][0] === 2; const h = { pick: (x) => [x][0] * 2 }; const test = () => f; return { allocate() { const list = [1, 2, 3]; if (list.find(f) !== 2 || list.map(h.pick).join() !== '2,4,6' || list.find(test()) !== 2 || list.filter(worker < 9 ? f : f).length !== 1) throw new Error(); ${take} }, ${give} };`],
    ['a constructor function', 'return new Alloc({ words, firstFrame, frames }, ["words", "firstFrame", "frames"]);', `function Alloc(o, keys) { for (let i = 0; i < keys.length; i++) this[keys[i]] = o[keys[i]]; } Alloc.prototype.allocate = function () { const { words, firstFrame } = this; ${take} }; Alloc.prototype.free = function (frame, count) { const { words, firstFrame, frames } = this; const at = frame - firstFrame; if (count !== 1 || at < 0 || at >= frames) return -3; return (Atomics.or(words, 0, 1 << at) & (1 << at)) === 0 ? 0 : -4; };`],
    ['an arrow in a comment', `const t = (i) => // reads => it\n  Atomics.load(words, i); return { allocate() { t(0); ${take} }, ${give} };`],
    ['values as JavaScript converts them', allocating('Atomics.store(words, 6 + worker, -1); if (Atomics.compareExchange(words, 6 + worker, 0xffffffff, 3) !== -1 || Atomics.load(words, 6 + worker) !== 3) throw new Error("compare"); if (Atomics.store(words, 6 + worker, 1.9) !== 1) throw new Error("store"); words[6 + worker] = undefined; if (words[6 + worker] !== 0 || words[0.5] !== undefined) throw new Error("element");')],
    ['valueOf', allocating('const list = [1]; if (({ valueOf: () => list[0] }) + 1 !== 2) throw new Error();')],
    ['a local by the name of a temporary', allocating('const __t0 = [1]; __t0[0]++; if (__t0[0] !== 2) throw new Error();')],
    ['loops of every form', allocating('let n = 0; do n++; while (n < 3); outer: for (;;) { while (true) { if (n++ > 5) break outer; continue outer; } } for (const k in { a: 1 }) n += k.length; if (n !== 8) throw new Error(String(n));')],
  ])('%s', async (_, handle, before = '') => {
    expect(runCheck(await loadText(subject(handle, before)), phases).violations.map(({ message }) => message)).toEqual([]);
  });

  test.each([
    ['arguments in an arrow', 'function t() { const f = () => Atomics.load(words, arguments[0]); return f(); } t(0);', /name the parameters/],
    ['super in an arrow', 'class B { t() { return Atomics.load(words, 0); } } class D extends B { t() { const f = () => super.t(); return f(); } } new D().t();', /super/],
    ['a call in the middle of an optional chain', 'const o = { self() { Atomics.load(words, 0); return this; }, n: 1 }; o?.self().n;', /optional chain/],
    ['a conversion that reaches memory', 'const o = { valueOf() { return Atomics.load(words, 0); } }; o + 1;', /called by the language itself/],
    ['a constructor function that reaches memory', 'function F() { this.n = Atomics.load(words, 0); } new F();', /called with new/],
  ])('%s is refused', async (_, text, message) => {
    const found = await trouble(allocating(text));
    expect(found).toBeInstanceOf(Refusal);
    expect((found as Error).message).toMatch(message);
  });

  test('a loop that makes no access is stopped, with its place', async () => {
    expect(String(await trouble(allocating('while (Atomics.load(words, 0) === 1) for (;;);')))).toMatch(/main\.ts:11:\d+: allocate goes round and round .* without an access/);
  });
});
