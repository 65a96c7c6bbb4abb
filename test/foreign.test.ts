import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { InvariantId } from '../spec/invariants.ts';
import type { Phase } from '../spec/plan.ts';
import { scopeOf as scope, type Scope } from '../spec/scope.ts';
import { parseScenario } from '../spec/token.ts';
import { load, runCheck, type Plant } from './support/subjects.ts';

/** An allocator as a stranger would write it, and mistakes that are easily made in it. */
interface Foreign {
  readonly name: string;
  readonly subject: string;
  /** Scopes in which it is held, every execution of every scenario. */
  readonly scopes: readonly Scope[];
  readonly bugs: readonly Bug[];
}

interface Bug {
  readonly mistake: string;
  /** Where it is planted, if not in the subject's own file. */
  readonly file?: string;
  readonly plants: readonly Omit<Plant, 'file'>[];
  /** What may be said of it first. */
  readonly breaks: readonly InvariantId[];
  /** Commands of the counterexample, at most. */
  readonly commands: number;
}

const inFolder = (file: string): string => join(import.meta.dirname, 'foreign', file);
const exhaustive = (scopes: readonly Scope[]): Phase[] => scopes.map((each) => ({ strategy: 'exhaustive', scope: each }));

const beside = scope({ frames: 4, threads: 2, ops: 1, prefixOps: 1 });
const full = scope({ frames: 4, threads: 2, ops: 1, prefixOps: 3 });
const holed = scope({ frames: 4, firstFrame: 3, reserved: [{ start: 5, count: 1 }], threads: 2, ops: 1, prefixOps: 1 });
const misused = scope({ frames: 3, firstFrame: 2, threads: 1, ops: 3, misuse: true });
const pairs = scope({ frames: 2, threads: 2, ops: 2, countMax: 1 });
const pairsAfterOne = scope({ frames: 2, threads: 2, ops: 2, prefixOps: 1, countMax: 1 });
const pairsAfterTwo = scope({ frames: 3, threads: 2, ops: 2, prefixOps: 2, countMax: 1 });
const sampled: Phase = { strategy: 'random', scope: scope({ frames: 7, firstFrame: 1, threads: 3, ops: 2, prefixOps: 3, countMax: 4 }), scenarios: 50, executions: 200 };

const allocators: readonly Foreign[] = [
  {
    name: 'class-hierarchy', subject: 'class-hierarchy.subject.ts', scopes: [beside, holed, misused, pairs],
    bugs: [
      {
        mistake: 'the retry loop looks again and then stores', breaks: ['FP-OWN-1', 'FP-REF-1', 'FP-LIN-1'], commands: 2,
        plants: [{
          from: 'const found = Atomics.compareExchange(this.#words, 0, seen, next);',
          to: 'const found = this.current(); if (found === seen) Atomics.store(this.#words, 0, next);',
        }],
      },
      {
        mistake: 'an allocation ends only at a free frame', breaks: ['FP-FRE-1', 'FP-FRE-2'], commands: 3,
        plants: [{ from: '(seen & ((1 << end) | (1 << (entries + end)))) === 0', to: '(seen & (1 << end)) === 0' }],
      },
    ],
  },
  {
    name: 'closures', subject: 'closures.subject.ts', scopes: [beside, holed, misused, pairsAfterOne],
    bugs: [
      {
        mistake: 'what swaps a word is a load and a store', breaks: ['FP-OWN-1'], commands: 3,
        plants: [{ from: 'Atomics.compareExchange(words, at, from, to) === from', to: 'Atomics.load(words, at) === from && Atomics.store(words, at, to) === to' }],
      },
      {
        mistake: 'one look at all frames is believed', breaks: ['FP-OOM-1'], commands: 4,
        plants: [{ from: 'return read(releases) === before ? done(-1) : again;', to: 'return done(before - before - 1);' }],
      },
      {
        mistake: 'a release is counted before it happens, not after', breaks: ['FP-OOM-1'], commands: 4,
        plants: [{
          from: '    if (!swap(1 + frame - firstFrame, taken, free)) return -4;\n    bump(releases);\n    return 0;',
          to: '    bump(releases);\n    return swap(1 + frame - firstFrame, taken, free) ? 0 : -4;',
        }],
      },
    ],
  },
  {
    name: 'treiber', subject: 'treiber.subject.ts', scopes: [beside, holed, misused, pairsAfterOne],
    bugs: [
      {
        mistake: 'the top is taken by a load and a store', breaks: ['FP-OWN-1', 'FP-REF-1'], commands: 2,
        plants: [{
          from: 'if (Atomics.compareExchange(words, head, seen, withTop(seen, next)) === seen) return index;',
          to: 'if (Atomics.load(words, head) === seen) { Atomics.store(words, head, withTop(seen, next)); return index; }',
        }],
      },
      {
        mistake: 'the owner is looked at and then changed', breaks: ['FP-FRE-1', 'FP-LIN-1', 'FP-OWN-1'], commands: 3,
        plants: [{
          from: 'if (Atomics.compareExchange(words, stateOf(stack, index), owned, free) !== owned) return -4;',
          to: 'if (Atomics.load(words, stateOf(stack, index)) !== owned) return -4; Atomics.store(words, stateOf(stack, index), free);',
        }],
      },
    ],
  },
  {
    name: 'two-level-bitmap', subject: 'two-level-bitmap.subject.ts', scopes: [full, holed, misused, pairsAfterOne],
    bugs: [
      {
        mistake: 'the summary is believed when it shows no room', breaks: ['FP-OOM-1'], commands: 4,
        plants: [{ from: 'return hinted >= 0 ? hinted : this.byLeaves();', to: 'return hinted;' }],
      },
      {
        mistake: 'a frame is put back by a load and a store', breaks: ['FP-OWN-1', 'FP-CNT-1', 'FP-FRE-1', 'FP-OOM-1'], commands: 4,
        plants: [{
          from: 'if ((Atomics.or(this.words, firstLeaf + leaf, bit) & bit) !== 0) return -4;',
          to: 'const seen = Atomics.load(this.words, firstLeaf + leaf); if ((seen & bit) !== 0) return -4; Atomics.store(this.words, firstLeaf + leaf, seen | bit);',
        }],
      },
    ],
  },
  {
    name: 'raw-indices', subject: 'raw-indices.subject.ts', scopes: [beside, holed, misused, pairsAfterOne],
    bugs: [
      { mistake: 'one balance for all workers, changed plainly', breaks: ['FP-RAC-1'], commands: 2, plants: [{ from: 'balance[worker]! += 1;', to: 'balance[0]! += 1;' }] },
      {
        mistake: 'a frame is published before its record is written', breaks: ['FP-RAC-1'], commands: 4,
        plants: [{
          from: '          record[at * recordWords + holder] = worker + 1;\n',
          to: '          Atomics.store(state, at, published);\n          record[at * recordWords + holder] = worker + 1;\n',
        }],
      },
      { mistake: 'the word of free frames is changed plainly', breaks: ['FP-RAC-1'], commands: 3, plants: [{ from: 'Atomics.or(free, 0, 1 << at);', to: 'free[0]! |= 1 << at;' }] },
    ],
  },
  {
    name: 'jsdoc', subject: 'jsdoc.subject.js', scopes: [beside, holed, misused, pairs],
    bugs: [
      {
        mistake: 'the lock is taken by a load and a store', breaks: ['FP-RAC-1'], commands: 2,
        plants: [{
          from: 'while (Atomics.compareExchange(this.words, LOCK, 0, 1) !== 0) Atomics.pause();',
          to: 'while (Atomics.load(this.words, LOCK) !== 0) Atomics.pause(); Atomics.store(this.words, LOCK, 1);',
        }],
      },
      {
        mistake: 'the lock is given back before the answer is written', breaks: ['FP-RAC-1'], commands: 2,
        plants: [{ from: '      this.map[at] = FIRST;\n', to: '      Atomics.store(this.words, LOCK, 0);\n      this.map[at] = FIRST;\n' }],
      },
      {
        mistake: 'the lock is kept when a run is refused', breaks: ['FP-PRG-1', 'FP-PRG-2'], commands: 2,
        plants: [{
          from: '    return action.call(this);\n  } finally {\n    Atomics.store(this.words, LOCK, 0);\n  }',
          to: '    var answer = action.call(this);\n    if (answer >= 0) Atomics.store(this.words, LOCK, 0);\n    return answer;\n  } finally { }',
        }],
      },
    ],
  },
  {
    name: 'five-files', subject: 'five-files/five-files.subject.ts', scopes: [beside, holed, misused, pairs],
    bugs: [
      {
        mistake: 'the word is loaded and stored', file: 'five-files/store.ts', breaks: ['FP-OWN-1', 'FP-REF-1', 'FP-LIN-1'], commands: 2,
        plants: [{
          from: 'const found = Atomics.compareExchange(this.#word, 0, before, after);',
          to: 'const found = this.read(); if (found === before) Atomics.store(this.#word, 0, after);',
        }],
      },
      {
        mistake: 'an allocation does not end where the next one starts', file: 'five-files/word-algebra.ts', breaks: ['FP-FRE-1', 'FP-FRE-2'], commands: 3,
        plants: [{ from: ' && !startsAt(word, end)', to: '' }],
      },
    ],
  },
  {
    name: 'tuples', subject: 'tuples.subject.ts', scopes: [full, holed, misused, pairsAfterTwo],
    bugs: [
      { mistake: 'one look is believed', breaks: ['FP-OOM-1'], commands: 5, plants: [{ from: 'before?.every(', to: 'now.every(' }] },
      {
        mistake: 'a frame is put back by a store', breaks: ['FP-OWN-1', 'FP-FRE-1', 'FP-PRB-1'], commands: 4,
        plants: [{
          from: 'Atomics.compareExchange(words, word, seen, (seen | mask) + oneRelease), seen]',
          to: '(Atomics.store(words, word, (seen | mask) + oneRelease), seen), seen]',
        }],
      },
    ],
  },
];

describe('an allocator in the style of somebody else is held', () => {
  test.each(allocators)('$name, exhaustively', async ({ name, subject, scopes }) => {
    const report = runCheck(await load(inFolder(subject)), exhaustive(scopes));
    expect(report.violations).toEqual([]);
    expect({ name: report.name, verdict: report.verdict, exhausted: report.coverage.exhausted }).toEqual({ name, verdict: 'held', exhausted: true });
    expect(report.phases.map(({ note }) => note)).toEqual(scopes.map(() => ''));
  });

  test.each(allocators)('$name, by samples of three workers', async ({ subject }) => {
    const report = runCheck(await load(inFolder(subject)), [sampled]);
    expect(report.violations).toEqual([]);
    expect(report.verdict).toBe('held');
  });
});

describe('a mistake in the style of somebody else is found', () => {
  const bugs = allocators.flatMap(({ name, subject, scopes, bugs }) => bugs.map((bug) => ({ name, subject, scopes, ...bug })));
  test.each(bugs)('$name: $mistake', async ({ subject, file, plants, breaks, commands, scopes }) => {
    const planted = plants.map((plant) => ({ ...plant, file: file ?? subject }));
    const report = runCheck(await load(inFolder(subject), planted), exhaustive(scopes));
    expect(report.verdict).toBe('violated');
    expect(breaks).toContain(report.violations[0]?.invariant);
    expect(report.violations[0]?.counterexample.commands).toBeLessThanOrEqual(commands);
  });

  test('a hint that is not repaired is no mistake: whoever finds nothing looks at every leaf', async () => {
    const plant = { file: 'two-level-bitmap.subject.ts', from: 'if (Atomics.load(this.words, firstLeaf + leaf) !== 0) Atomics.or(this.words, summary, 1 << leaf);', to: '' };
    const report = runCheck(await load(inFolder('two-level-bitmap.subject.ts'), [plant]), exhaustive([full, pairsAfterOne]));
    expect(report.verdict).toBe('held');
  });
});

describe('a stack whose head comes back unchanged (ABA)', () => {
  const tagOf = (bits: number): Plant => ({ file: 'treiber.subject.ts', from: 'const tagBits = 24;', to: `const tagBits = ${bits};` });
  /** Beside one pop, the head is changed three times, and four times; its top is the same before and after. */
  const three = 'f3c4o2 | A: allocate(1) B: a=allocate(1); allocate(1); free(a)';
  const four = 'f3c4o2 | A: allocate(1) B: a=allocate(1); allocate(1); allocate(1); free(a)';
  const run = async (bits: number, token: string) => runCheck(await load(inFolder('treiber.subject.ts'), [tagOf(bits)]), [], { scenarios: [parseScenario(token)] });

  test.each([
    ['no tag', 0, three, 4],
    ['a tag of two bits, which wraps', 2, four, 5],
  ])('breaks it with %s', async (_, bits, token, commands) => {
    const report = await run(bits, token);
    expect(['FP-OWN-1', 'FP-REF-1']).toContain(report.violations[0]?.invariant);
    expect(report.violations[0]?.counterexample.commands).toBe(commands);
    expect(report.violations[0]?.counterexample.preemptions).toBe(1);
  });

  test.each([
    ['a tag of two bits and three changes', 2, three],
    ['a tag of three bits and four changes', 3, four],
    ['its own tag and three changes', 24, three],
    ['its own tag and four changes', 24, four],
  ])('does not break it with %s', async (_, bits, token) => {
    const report = await run(bits, token);
    expect({ verdict: report.verdict, exhausted: report.coverage.exhausted }).toEqual({ verdict: 'held', exhausted: true });
  });

  test('is found without a hint where to look', async () => {
    const phases = exhaustive([scope({ frames: 2, threads: 2, ops: 3, countMax: 1 })]);
    const report = runCheck(await load(inFolder('treiber.subject.ts'), [tagOf(0)]), phases);
    expect(['FP-OWN-1', 'FP-OOM-1', 'FP-REF-1']).toContain(report.violations[0]?.invariant);
    expect(report.violations[0]?.counterexample.commands).toBeLessThanOrEqual(6);
  });
});
