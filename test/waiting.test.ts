import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { replay, type Replayed } from '../spec/counterexample.ts';
import { mode } from '../spec/explore/access.ts';
import type { InvariantId } from '../spec/invariants.ts';
import type { Phase } from '../spec/plan.ts';
import type { SubjectReport } from '../spec/report.ts';
import { judgeDefaults } from '../spec/scenario-judge.ts';
import { scopeOf, type Scope } from '../spec/scope.ts';
import { parseReplay, parseScenario } from '../spec/token.ts';
import { load, loadText, runCheck, type Plant } from './support/subjects.ts';

const at = (name: string): string => join(import.meta.dirname, 'waiting', `${name}.subject.ts`);
const exhaustive = (...scopes: (Partial<Scope> & Pick<Scope, 'frames' | 'threads' | 'ops'>)[]): Phase[] => scopes.map((scope) => ({ strategy: 'exhaustive', scope: scopeOf(scope) }));

const two = exhaustive({ frames: 1, threads: 2, ops: 2 });
const three = exhaustive({ frames: 1, threads: 3, ops: 1 });

describe('allocators that wait are held, every execution of every scenario', () => {
  test.each([
    ['spin-lock', [...two, ...three]],
    ['test-and-set', [...two, ...three]],
    ['ticket-lock', [...two, ...three]],
    ['two-locks', [...two, ...three]],
    ['futex-mutex', [...two, ...three]],
    ['impatient-mutex', two],
  ])('%s', async (name, phases) => {
    const report = runCheck(await load(at(name)), phases);
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
  {
    mistake: 'a notify is dropped, and whoever gave up spinning sleeps without a limit', subject: 'impatient-mutex', breaks: 'FP-PRG-3', commands: 2,
    plants: [
      { file: 'impatient-mutex.subject.ts', from: 'if (Atomics.exchange(this.words, lockWord, 0) === 2) Atomics.notify(this.words, lockWord, 1);', to: 'Atomics.store(this.words, lockWord, 0);' },
      { file: 'impatient-mutex.subject.ts', from: 'lockWord, 2, 10);', to: 'lockWord, 2);' },
    ],
    says: [/a lost wake-up/],
  },
  {
    mistake: 'whoever gave up spinning enters', subject: 'impatient-mutex', breaks: 'FP-RAC-1', commands: 2,
    plants: [{ file: 'impatient-mutex.subject.ts', from: 'while (Atomics.exchange(this.words, lockWord, 2) !== 0) Atomics.wait(this.words, lockWord, 2, 10);', to: '' }],
    says: [/nothing orders them/],
  },
  {
    mistake: 'whoever has slept long enough enters', subject: 'impatient-mutex', breaks: 'FP-RAC-1', commands: 2,
    plants: [{
      file: 'impatient-mutex.subject.ts', from: 'while (Atomics.exchange(this.words, lockWord, 2) !== 0) Atomics.wait(this.words, lockWord, 2, 10);',
      to: "while (Atomics.exchange(this.words, lockWord, 2) !== 0) if (Atomics.wait(this.words, lockWord, 2, 10) === 'timed-out') return;",
    }],
    says: [/nothing orders them/],
  },
];

/** Two workers whose allocate is `first` and `second`, with four words. */
const pair = (first: string, second: string): string => `
  import { defineSubject } from 'frameproof';
  export default defineSubject({
    name: 'pair', limits: { framesMax: 2, countMax: 1 },
    create: ({ frames, firstFrame }) => ({ memory: new SharedArrayBuffer(16), frames, firstFrame }),
    attach: ({ memory, frames, firstFrame }, worker) => {
      const words = new Int32Array(memory);
      const take = (): number => {
        for (let at = 0; at < frames; at++) if ((Atomics.or(words, 3, 1 << at) & (1 << at)) === 0) return firstFrame + at;
        return -1;
      };
      return {
        allocate: (_count: number): number => {
          if (worker === 0) { ${first} }
          else { ${second} }
          return take();
        },
        free: (frame: number, count: number): number => {
          if (frame < firstFrame || frame >= firstFrame + frames) return -3;
          if (count !== 1) return -5;
          const bit = 1 << (frame - firstFrame);
          return (Atomics.and(words, 3, ~bit) & bit) === 0 ? -4 : 0;
        },
      };
    },
  });`;
const scenario = parseScenario('f2c2o1 | A: allocate(1) B: allocate(1)');
const ofPair = async (first: string, second: string): Promise<SubjectReport> => runCheck(await loadText(pair(first, second)), [], { scenarios: [scenario], shrinkExecutions: 0 });

describe('spins that end by themselves', () => {
  test('reach their fallback when nobody else can go on', async () => {
    const report = await ofPair('', 'for (let round = 0; round < 300 && Atomics.load(words, 0) === 0; round++) Atomics.pause();');
    expect({ verdict: report.verdict, violations: report.violations }).toEqual({ verdict: 'held', violations: [] });
    expect(report.coverage.stepsMax['allocate']).toBeGreaterThan(600);
  });

  test.each([
    ['few rounds', 5],
    ['many rounds', 90],
  ])('give up while the other is only slow, too: %s', async (_, rounds) => {
    const report = await ofPair(
      'Atomics.store(words, 0, 1);',
      `let round = 0; while (round < ${rounds} && Atomics.load(words, 0) === 0) { round++; Atomics.pause(); } if (round === ${rounds} && Atomics.load(words, 0) === 1) throw new Error('late');`,
    );
    expect(report.violations.map(({ invariant, message }) => [invariant, /late/.test(message)])).toEqual([['FP-EXC-1', true]]);
  });

  test('and one that never ends is a deadlock, with what it is on', async () => {
    const report = await ofPair('while (Atomics.load(words, 1) === 0) Atomics.pause();', 'while (Atomics.load(words, 2) === 0) Atomics.pause();');
    expect(report.violations.map(({ invariant }) => invariant)).toEqual(['FP-PRG-2']);
  });
});

describe('livelock', () => {
  test('two that step back for each other for ever', async () => {
    const turn = (mine: number, other: number): string =>
      `for (;;) { Atomics.store(words, ${mine}, 1); if (Atomics.load(words, ${other}) === 0) break; Atomics.store(words, ${mine}, 0); Atomics.pause(); } Atomics.store(words, ${mine}, 0);`;
    const report = await ofPair(turn(0, 1), turn(1, 0));
    expect(report.violations.map(({ invariant, layer }) => [invariant, layer])).toEqual([['FP-PRG-4', 'progress']]);
    expect(report.violations[0]?.message).toMatch(/A and B keep each other busy: 1000 steps .* no operation ended \(A around \S+:\d+, B around \S+:\d+\)/);
  });
});

describe('Atomics.wait and notify', () => {
  const answers = async (body: string): Promise<string> => {
    const report = runCheck(await loadText(pair(body, '')), [], { scenarios: [parseScenario('f2c2o1 | A: allocate(1)')] });
    return report.violations.map(({ message }) => message).join();
  };

  test.each([
    ['a value that is not there', 'Atomics.wait(words, 0, 1)', 'not-equal'],
    ['a value beyond 32 bits is cut as the element is', 'Atomics.wait(words, 0, 2 ** 32, 0)', 'timed-out'],
    ['a wait that nobody ends', 'Atomics.wait(words, 0, 0, 5)', 'timed-out'],
    ['a negative timeout', 'Atomics.wait(words, 0, 0, -Infinity)', 'timed-out'],
    ['nobody to wake', 'Atomics.notify(words, 0)', '0'],
    ['a pause', 'Atomics.pause()', 'undefined'],
    ['a pause that may be missing', 'Atomics.pause?.()', 'undefined'],
    ['a pause behind a cast', '(Atomics as { pause?: (rounds?: number) => void }).pause?.(3)', 'undefined'],
  ])('%s: %s gives %s', async (_, expression, answer) => {
    expect(await answers(`const answer = ${expression}; throw new Error('answer ' + String(answer));`)).toContain(`answer ${answer}`);
  });

  test.each([
    ['a view of 16 bits', 'Atomics.wait(new Int16Array(memory), 0, 0)', /TypeError: Atomics\.wait needs an Int32Array/],
    ['memory that is not shared', 'Atomics.wait(new Int32Array(1), 0, 0)', /TypeError: Atomics\.wait needs a view of a SharedArrayBuffer/],
    ['an index beyond the end', 'Atomics.notify(words, 4)', /RangeError/],
    ['a pause of half a round', 'Atomics.pause(0.5)', /TypeError/],
  ])('%s is an error, as in the language', async (_, expression, message) => {
    expect(await answers(`${expression};`)).toMatch(message);
  });

  test('a sleep without an end, alone, does not end', async () => {
    expect(await answers('Atomics.wait(words, 0, 0);')).toMatch(/sleeps at \S+ until somebody notifies/);
  });

  test('a timeout is a decision of the schedule, which replays', async () => {
    const text = pair('Atomics.store(words, 0, 1); Atomics.notify(words, 0);', "if (Atomics.wait(words, 0, 0, 5) === 'timed-out' && Atomics.load(words, 0) === 1) throw new Error('too late');");
    const loaded = await loadText(text);
    const [violation] = runCheck(loaded, [], { scenarios: [scenario] }).violations;
    const token = /'(.*)'/.exec(violation?.replay ?? '')?.[1] as string;
    expect(token).toContain('B~');
    const trace = violation?.counterexample.trace.map(({ access, note }) => `${access} ${note}`);
    expect(trace).toContain('wait = 0: sleeps');
    expect(trace).toContain('wake timed out');
    const again = (schedule: string): Replayed => {
      const parsed = parseReplay(schedule);
      const timeouts = new Set(parsed.schedule.flatMap(({ kind }, step) => (kind === 'timeout' ? [step] : [])));
      mode.live = true;
      return replay(loaded, { scenario: parsed.scenario, decisions: parsed.schedule.map(({ thread }) => thread) }, judgeDefaults, timeouts);
    };
    const followed = again(token);
    expect([followed.strayed, followed.findings[0]?.invariant]).toEqual([-1, 'FP-EXC-1']);
    expect(again(token.replace('B~', 'B1')).strayed).toBeGreaterThan(0);
  });
});

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
