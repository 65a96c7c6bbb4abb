import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { crossCheck } from '../cli/hand-over.ts';
import { fileOf } from '../cli/subjects.ts';
import { requests } from '../spec/explore/access.ts';
import { sampleSchedules } from '../spec/hand-over.ts';
import { scopeOf, type Scope } from '../spec/scope.ts';
import { load, type Plant } from './support/subjects.ts';

const foreign = (file: string): string => join(import.meta.dirname, 'foreign', file);
const waiting = (file: string): string => join(import.meta.dirname, 'waiting', file);
const scopes: readonly Scope[] = [
  scopeOf({ frames: 6, chunkFrames: 4, firstFrame: 6, threads: 2, ops: 2, prefixOps: 2 }),
  scopeOf({ frames: 8, chunkFrames: 4, threads: 3, ops: 3, prefixOps: 4, countMax: 8, reserved: [{ start: 5, count: 1 }] }),
  scopeOf({ frames: 8, chunkFrames: 4, threads: 2, ops: 4, prefixOps: 2, countMax: 8, marks: { low: 5, min: 3, critical: 1, gap: 2 } }),
];

/** Explored with `plants`, run again as the file is. */
async function crossed(target: string, count: number, plants: readonly Plant[] = []) {
  const schedules = [...sampleSchedules(await load(target, plants), scopes, count, 11)];
  return { ...(await crossCheck(fileOf(target), target, schedules, () => false)), sampled: schedules.length };
}

describe('executions that were explored go the same way on real threads and source that is not rewritten', () => {
  test.each([
    'builtin:hybrid', 'builtin:hybrid-narrow', foreign('class-hierarchy.subject.ts'), foreign('closures.subject.ts'), foreign('treiber.subject.ts'), foreign('two-level-bitmap.subject.ts'),
    foreign('raw-indices.subject.ts'), foreign('jsdoc.subject.js'), foreign('five-files/five-files.subject.ts'), foreign('tuples.subject.ts'),
    waiting('spin-lock.subject.ts'), waiting('two-locks.subject.ts'), waiting('futex-mutex.subject.ts'), waiting('impatient-mutex.subject.ts'),
  ])('%s', async (target) => {
    const result = await crossed(target, 24);
    expect(result.departure).toBeUndefined();
    expect(result).toMatchObject({ schedules: 24, sampled: 24, cut: false });
    expect(result.steps).toBeGreaterThan(24 * 4);
  });
});

describe('a defect of the instrumentation is told by the first step that differs', () => {
  const original = { ...requests };
  afterEach(() => {
    Object.assign(requests, original);
  });

  test('an operation that is taken for another one', async () => {
    // The printer's name for an add leads to a subtraction.
    Object.assign(requests, { add: original.sub });
    const { departure } = await crossed(foreign('closures.subject.ts'), 24);
    expect(departure).toMatch(/^step \d+ of \d+ in f.* \(.*closures\.subject\.ts:\d+\): explored [A-C]: sub of 0:0 with 1, 0 ⇒ -1, giving 0; on real threads [A-C]: add of 0:0 with 1, 0 ⇒ 1, giving 0$/);
  });

  test('operands that change places', async () => {
    Object.assign(requests, { compareExchange: (view: Int32Array, index: number, expected: number, desired: number, site: number) => original.compareExchange(view, index, desired, expected, site) });
    expect((await crossed(foreign('treiber.subject.ts'), 24)).departure).toMatch(/^step \d+ of \d+ in .*: explored [A-C]: \w+ of 0:0.*; on real threads [A-C]: \w+ of 0:0/);
  });

  test('a notify that wakes nobody', async () => {
    Object.assign(requests, { notify: (view: Int32Array, index: number, _: number | undefined, site: number) => original.notify(view, index, 0, site) });
    expect((await crossed(waiting('impatient-mutex.subject.ts'), 24)).departure).toMatch(/: explored [A-C]: notify of 0:\d+ with 0, giving 0; on real threads [A-C]: notify of 0:\d+ with (1|Infinity), giving [01]$/);
  });

  test('a helper that writes something else', async () => {
    Object.assign(requests, { poke: (view: Int32Array, index: number, value: number, site: number) => original.poke(view, index, value === 0 ? 0 : value + 2, site) });
    const { departure } = await crossed('builtin:hybrid', 24);
    const found = /: explored ([A-C]): poke of (0:\d+) with (\d+), 0 ⇒ \3, giving \3; on real threads \1: poke of \2 with (\d+), 0 ⇒ \4, giving \4$/.exec(departure ?? '');
    expect(Number(found?.[3]) - Number(found?.[4])).toBe(2);
  });

  test.each<[string, string, Plant]>([
    ['an access that is dropped', 'two-level-bitmap.subject.ts', { file: 'two-level-bitmap.subject.ts', from: '    Atomics.add(this.words, releases, 1);\n', to: '' }],
    ['an access that happens twice', 'class-hierarchy.subject.ts', { file: 'class-hierarchy.subject.ts', from: 'const found = Atomics.compareExchange(this.#words, 0, seen, next);', to: 'Atomics.load(this.#words, 0); const found = Atomics.compareExchange(this.#words, 0, seen, next);' }],
    ['a branch that is turned', 'closures.subject.ts', { file: 'closures.subject.ts', from: 'if (found !== undefined) return done(firstFrame + found);', to: 'if (found !== undefined) return done(firstFrame + found + 0 * bump(releases));' }],
  ])('%s', async (_, file, plant) => {
    expect((await crossed(foreign(file), 24, [plant])).departure).toMatch(/^step \d+ of \d+ in f\d+c\d+o\d+.*: explored [A-C]: /);
  });

  test('a plain access, which real threads cannot be stopped at, by the memory at the end', async () => {
    const plant = { file: 'raw-indices.subject.ts', from: 'record[at * recordWords + uses]!++;', to: 'record[at * recordWords + uses]! += 2;' };
    expect((await crossed(foreign('raw-indices.subject.ts'), 24, [plant])).departure).toMatch(/^after all steps of .*: byte \d+ of buffer 2 is \d+ when explored, \d+ on real threads$/);
  });
});
