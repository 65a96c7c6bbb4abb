import { describe, expect, it } from 'vitest';
import type { Phase } from '../spec/plan.ts';
import { scopeOf } from '../spec/scope.ts';
import { load, runCheck, type Plant } from './support/subjects.ts';

const robust = 'test/crash/robust-lock.subject.ts';
const word = 'test/crash/word.subject.ts';
const scope = scopeOf({ frames: 3, chunkFrames: 2, threads: 2, ops: 1, countMax: 2 });
const crash: Phase = { strategy: 'crash', scope, crashes: 1 };
const progress: Phase = { strategy: 'progress', scope };

const plant = (file: string, from: string, to: string): Plant => ({ file, from, to });

describe('threads that stop for ever', () => {
  it.each([
    ['a lock that says who holds it', robust, [crash]],
        ['one word', word, [crash, progress]],
    ['one word, three threads', word, [{ strategy: 'progress', scope: scopeOf({ frames: 2, chunkFrames: 2, threads: 3, ops: 1 }) }]],
    ['one word, two of three threads stopped', word, [{ strategy: 'crash', scope: scopeOf({ frames: 2, chunkFrames: 2, threads: 3, ops: 1 }), crashes: 2 }]],
  ] satisfies [string, string, Phase[]][])('holds: %s', async (_, module, phases) => {
    const { verdict, coverage, violations } = runCheck(await load(module), phases);
    expect({ verdict, exhausted: coverage.exhausted, violations: violations.map(({ message }) => message) }).toEqual({ verdict: 'held', exhausted: true, violations: [] });
  });

  it.each([
    ['a wait at a point that is not declared', robust, "waitingPoints: ['acquire'],", '', crash, 'FP-CRS-1', /B waits for dead worker A at .*robust-lock\.subject\.ts:79/],
    ['a burial that leaves the lock held', robust, 'this.repair();\n    Atomics.store(this.words, 0, 0);\n    return 0;', 'this.repair();\n    return 0;', crash, 'FP-CRS-1', /although bury\(\) has said/],
    ['a declared wait that nobody can end', robust, 'bury(worker', 'lay(worker', crash, 'FP-CRS-1', /has no bury\(\)/],
    ['a claim that leaks between its words', robust, 'word === claimed || word === body', 'word === body', crash, 'FP-CRS-3', /after recover\(\): .* its free was refused/],
    ['a lock that nothing releases', robust, 'recover: ({ memory, geometry }) => {\n    new RobustLock(memory, 0, geometry).repair();\n    Atomics.store(new Int32Array(memory), 0, 0);\n  },', '', crash, 'FP-CRS-3', /after the crash, recover\(\) or a later operation does not end/],
    ['a recovery that frees what lives', robust, 'word > 0 ? word : 1', '1', crash, 'FP-CRS-3', /after recover\(\)/],
    ['a claim on more than was asked for', robust, 'for (let at = start; at < start + count; at++) Atomics.store(this.words, header + at, claimed);',
      'for (let at = start; at < this.frames; at++) if (Atomics.load(this.words, header + at) === 0) Atomics.store(this.words, header + at, claimed);\n      for (let at = start + count; at < this.frames; at++) if (Atomics.load(this.words, header + at) === claimed) Atomics.store(this.words, header + at, 0);',
      crash, 'FP-CRS-2', /are lost; at most 1 was in flight/],
    ['a bound that does not hold', word, 'steps: 2', 'steps: 1', progress, 'FP-STP-1', /took 2 accesses of its own/],
    ['a bound without room for interference', word, ', perInterference: 1', '', progress, 'FP-STP-1', /took 3 accesses of its own beside 1 that interfered; declared are 2 \+ 0 × 1/],
  ] as const)('finds %s', async (_, module, from, to, phase, invariant, message) => {
    const { violations } = runCheck(await load(module, [plant(module, from, to)]), [phase]);
    expect(violations.map((violation) => violation.invariant)).toEqual([invariant]);
    expect(violations[0]?.message).toMatch(message);
    expect(violations[0]?.counterexample.commands).toBeLessThanOrEqual(3); // a burial is one
  });

  it('finds frames that are lost for good', async () => {
    const { violations } = runCheck(await load(robust, [
      plant(robust, 'while (Atomics.compareExchange(this.words, 0, 0, this.worker + 1) !== 0) Atomics.pause();', ''),
      plant(robust, 'at < start + count; at++) Atomics.store(this.words, header + at, claimed)', 'count > 1 && at < start + count; at++) Atomics.store(this.words, header + at, claimed)'),
      plant(robust, 'recover: ({ memory, geometry }) => {\n    new RobustLock(memory, 0, geometry).repair();\n    Atomics.store(new Int32Array(memory), 0, 0);\n  },', ''),
    ]), [{ strategy: 'crash', scope: { ...scope, threads: 1 }, crashes: 1 }]);
    expect(violations[0]).toMatchObject({ invariant: 'FP-CRS-3', message: 'frame 0 is lost for good: owned by nobody, and the subject has no recover()', counterexample: { commands: 1 } });
  });

  const guarded = (wait: string): Plant[] => [
    plant(word, 'new SharedArrayBuffer(4)', 'new SharedArrayBuffer(8)'),
    plant(word, 'let seen = Atomics.load(this.words, 0);', `while (Atomics.compareExchange(this.words, 1, 0, 1) !== 0) ${wait};\n    let seen = Atomics.load(this.words, 0);\n    Atomics.store(this.words, 1, 0);`),
  ];

  it.each([
    ['lock-free', 'Atomics.pause()', 'FP-LFR-1', /waits for dead worker A at/],
    ['lock-free', '{}', 'FP-LFR-1', /goes on and on/],
    ['obstruction-free', 'Atomics.pause()', 'FP-OBF-1', /waits for dead worker A at/],
  ])('finds that %s is not, if a request waits for another by %s', async (kind, wait, invariant, message) => {
    const plants = [...guarded(wait), plant(word, "{ kind: 'lock-free', steps: 2, perInterference: 1 }", `'${kind}'`), plant(word, "free: { kind: 'lock-free', steps: 1 }", "free: 'blocking'")];
    const { violations } = runCheck(await load(word, plants), [progress]);
    expect(violations.map((violation) => violation.invariant)).toEqual([invariant]);
    expect(violations[0]?.message).toMatch(message);
  });

  it('asks nothing of an operation that promises nothing', async () => {
    const plants = [...guarded('Atomics.pause()'), plant(word, "allocate: { kind: 'lock-free', steps: 2, perInterference: 1 }", "allocate: 'blocking'")];
    expect(runCheck(await load(word, plants), [progress]).verdict).toBe('held');
  });

  it('says how many accesses in a row go without an operation that ends', async () => {
    const { phases } = runCheck(await load(word), [progress]);
    // Two threads, of which each operation takes at most three accesses.
    expect(phases[0]?.unendingMost).toBe(6);
  });
});
