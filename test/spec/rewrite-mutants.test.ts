import { afterEach, expect, test } from 'vitest';
import { scopeOf } from '../../spec/scope.ts';
import { loadText, runCheck } from '../support/subjects.ts';

const phases = [{ strategy: 'exhaustive' as const, scope: scopeOf({ frames: 2, threads: 2, ops: 1, prefixOps: 1 }) }];

/** The helpers that Stryker puts into each module, in their shape: functions that replace themselves when they are first called. */
const helpers = `
function stryNS_test() {
  const ns = globalThis.__mutants__;
  stryNS_test = () => ns;
  return stryNS_test();
}
function stryCov_test() {
  const { counts } = stryNS_test();
  function cover() {
    const ids = arguments;
    for (let i = 0; i < ids.length; i++) counts[ids[i]] = (counts[ids[i]] || 0) + 1;
  }
  stryCov_test = cover;
  cover.apply(null, arguments);
}
function stryMutAct_test(id) {
  const ns = stryNS_test();
  function isActive(each) {
    return ns.active === each;
  }
  stryMutAct_test = isActive;
  return isActive(id);
}`;
const subject = `import { defineSubject } from 'frameproof';
${helpers}
export default defineSubject({
  name: 'instrumented', limits: { framesMax: 31 },
  create: ({ frames, firstFrame }) => { const memory = new SharedArrayBuffer(4); new Int32Array(memory)[0] = 2 ** frames - 1; return { memory, firstFrame, frames }; },
  attach: ({ memory, firstFrame, frames }) => {
    const words = new Int32Array(memory);
    return {
      allocate() {
        for (let v = Atomics.load(words, 0); v !== 0; v = Atomics.load(words, 0)) {
          const low = v & -v;
          if (stryMutAct_test('0') ? true : (stryCov_test('0'), Atomics.compareExchange(words, 0, v, v & ~low) === v)) return firstFrame + 31 - Math.clz32(low);
        }
        return -1;
      },
      free(frame, count) {
        const at = frame - firstFrame;
        if (count !== 1 || at < 0 || at >= frames) return -3;
        return (Atomics.or(words, 0, 1 << at) & (1 << at)) === 0 ? 0 : -4;
      },
    };
  },
});`;
const world = globalThis as { __mutants__?: { active?: string; counts: Record<string, number> } };
afterEach(() => {
  delete world.__mutants__;
});

test('code with mutants in it is explored, and what of it was covered is counted', async () => {
  world.__mutants__ = { counts: {} };
  expect(runCheck(await loadText(subject), phases).verdict).toBe('held');
  expect(world.__mutants__.counts['0']).toBeGreaterThan(100);
});

test('a mutant that is switched on is explored as the program', async () => {
  world.__mutants__ = { active: '0', counts: {} };
  expect(runCheck(await loadText(subject), phases).verdict).toBe('violated');
});
