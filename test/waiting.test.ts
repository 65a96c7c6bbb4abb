import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { InvariantId } from '../spec/invariants.ts';
import type { Phase } from '../spec/plan.ts';
import { scopeOf, type Scope } from '../spec/scope.ts';
import { load, runCheck, type Plant } from './support/subjects.ts';

const at = (name: string): string => join(import.meta.dirname, 'waiting', `${name}.subject.ts`);
const exhaustive = (...scopes: (Partial<Scope> & Pick<Scope, 'frames' | 'threads' | 'ops'>)[]): Phase[] => scopes.map((scope) => ({ strategy: 'exhaustive', scope: scopeOf(scope) }));

const two = exhaustive({ frames: 1, threads: 2, ops: 2 });
const three = exhaustive({ frames: 1, threads: 3, ops: 1 });

describe('allocators that wait are held, every execution of every scenario', () => {
  test.each(['spin-lock', 'test-and-set', 'ticket-lock', 'two-locks', 'futex-mutex', 'impatient-mutex'])('%s', async (name) => {
    const report = runCheck(await load(at(name)), [...two, ...three]);
    expect(report.violations).toEqual([]);
    expect({ verdict: report.verdict, exhausted: report.coverage.exhausted, incomplete: report.coverage.incomplete }).toEqual({ verdict: 'held', exhausted: true, incomplete: 0 });
  });
});

interface Mistake {
  readonly mistake: string;
  readonly subject: string;
  readonly plants: readonly Plant[];
  readonly breaks: InvariantId;
  /** What the message must say. */
  readonly says: readonly RegExp[];
  /** Commands of the counterexample, at most. */
  readonly commands: number;
}

const mistakes: readonly Mistake[] = [
  {
    mistake: 'a lock is never released', subject: 'spin-lock', breaks: 'FP-PRG-2', commands: 2,
    plants: [{ file: 'spin-lock.subject.ts', from: 'Atomics.store(this.words, lockWord, 0);', to: '' }],
    says: [/spins at \S+spin-lock\.subject\.ts:7 on a word that nobody has changed since the start/],
  },
  {
    mistake: 'a lock is not released when nothing is left', subject: 'spin-lock', breaks: 'FP-PRG-2', commands: 3,
    plants: [{ file: 'guarded.ts', from: '      this.unlock();\n      return -1;', to: '      return -1;' }],
    says: [/waits for a change that nobody is left to make/],
  },
  {
    mistake: 'a ticket is not served when nothing is left', subject: 'ticket-lock', breaks: 'FP-PRG-2', commands: 3,
    plants: [{ file: 'guarded.ts', from: '      this.unlock();\n      return -1;', to: '      return -1;' }],
    says: [/ticket-lock\.subject\.ts:11 on a word/],
  },
  {
    mistake: 'two locks are taken in opposite order', subject: 'two-locks', breaks: 'FP-PRG-2', commands: 3,
    plants: [{ file: 'two-locks.subject.ts', from: '    this.#take(outer);\n    this.#take(inner);', to: "    this.#take(_operation === 'allocate' ? outer : inner);\n    this.#take(_operation === 'allocate' ? inner : outer);" }],
    says: [/A and B wait for a change that nobody is left to make/, /A spins at [^;]*that B \(step/, /B spins at [^;]*that A \(step/],
  },
  {
    mistake: 'a mutex is never released', subject: 'futex-mutex', breaks: 'FP-PRG-2', commands: 2,
    plants: [{ file: 'guarded.ts', from: '    this.words[map] = used | (1 << at);\n    this.unlock();', to: '    this.words[map] = used | (1 << at);' }],
    says: [/sleeps at \S+futex-mutex\.subject\.ts:11 until somebody notifies/],
  },
  {
    mistake: 'a notify is dropped', subject: 'futex-mutex', breaks: 'FP-PRG-3', commands: 2,
    plants: [{ file: 'futex-mutex.subject.ts', from: '      Atomics.notify(this.words, lockWord, 1);\n', to: '' }],
    says: [/a lost wake-up: [AB] \(step \d+, \S+futex-mutex\.subject\.ts:18\) changed the word on which [AB] sleeps from 2 to 0, and no notify came after it/],
  },
  {
    mistake: 'the notify comes before the release', subject: 'futex-mutex', breaks: 'FP-PRG-3', commands: 2,
    plants: [{
      file: 'futex-mutex.subject.ts',
      from: '      Atomics.store(this.words, lockWord, 0);\n      Atomics.notify(this.words, lockWord, 1);', to: '      Atomics.notify(this.words, lockWord, 1);\n      Atomics.store(this.words, lockWord, 0);',
    }],
    says: [/a lost wake-up/],
  },
  {
    mistake: 'the value is looked at before the wait', subject: 'futex-mutex', breaks: 'FP-PRG-3', commands: 2,
    plants: [{ file: 'futex-mutex.subject.ts', from: 'Atomics.wait(this.words, lockWord, 2);', to: 'Atomics.wait(this.words, lockWord, Atomics.load(this.words, lockWord));' }],
    says: [/a lost wake-up: [AB] \(step \d+, \S+futex-mutex\.subject\.ts:19\) notified before [AB] fell asleep/],
  },
  {
    mistake: 'one waiter too few is woken', subject: 'futex-mutex', breaks: 'FP-PRG-3', commands: 3,
    plants: [{ file: 'futex-mutex.subject.ts', from: '      seen = Atomics.exchange(this.words, lockWord, 2);\n    }', to: '      seen = Atomics.compareExchange(this.words, lockWord, 0, 1);\n    }' }],
    says: [/a lost wake-up/],
  },
];

describe('mistakes in waiting are found', () => {
  test.each(mistakes)('$mistake: $subject', async ({ subject, plants, breaks, says, commands }) => {
    const report = runCheck(await load(at(subject), plants), [...two, ...three]);
    expect(report.violations.map(({ invariant }) => invariant)).toEqual([breaks]);
    const [violation] = report.violations;
    for (const part of says) expect(violation?.message).toMatch(part);
    expect(violation?.counterexample.commands).toBeLessThanOrEqual(commands);
    expect(violation?.shrink.minimal).toBe(true);
  });

  test('an unmarked spin is not blocked on a guess, but told with its place', async () => {
    const report = runCheck(await load(at('spin-lock'), [{ file: 'spin-lock.subject.ts', from: 'Atomics.pause?.();', to: ';' }]), exhaustive({ frames: 1, threads: 2, ops: 1 }));
    expect({ verdict: report.verdict, violations: report.violations }).toEqual({ verdict: 'inconclusive', violations: [] });
    expect(report.coverage.incomplete).toBeGreaterThan(0);
    expect(report.notes.join()).toMatch(/the loop at \S+spin-lock\.subject\.ts:7 \(.*\) reads the same again and again without a pause: call Atomics\.pause\(\)/);
  });
});
