import { describe, expect, test } from 'vitest';
import { randomFrom } from '../spec/seeds.ts';
import { Dpor, Unreduced } from '../spec/explore/dpor.ts';
import { BoundedPreemptions } from '../spec/explore/preemptions.ts';
import { endings, randomProgram } from './waiting/programs.ts';

const executionsMax = 3000;
const programs = 600;

describe('reduced, bounded and unreduced search of programs that pause, wait and notify', () => {
  test.each([1, 2])('reach the same endings, seed %i', (seed) => {
    const random = randomFrom(seed);
    const compared = { all: 0, blocked: 0, timedOut: 0, released: 0, fewer: 0 };
    for (let number = 0; number < programs; number++) {
      const program = randomProgram(random);
      const all = endings(program, (stepsMax) => new Unreduced(stepsMax), executionsMax);
      if (all === undefined) continue;
      const some = endings(program, (stepsMax) => new Dpor(stepsMax, 31), executionsMax);
      const bounded = endings(program, (stepsMax) => new BoundedPreemptions(stepsMax, program.length, 100), 20_000);
      for (const found of [some, bounded]) {
        const missing = [...all.seen].filter((ending) => !(found?.seen.has(ending) ?? false));
        const extra = [...(found?.seen ?? [])].filter((ending) => !all.seen.has(ending));
        expect({ program, missing: missing.slice(0, 3), extra: extra.slice(0, 3) }).toEqual({ program, missing: [], extra: [] });
      }
      compared.all++;
      if ([...all.seen].some((ending) => ending.startsWith('blocked'))) compared.blocked++;
      if ([...all.seen].some((ending) => ending.includes('wake:1'))) compared.timedOut++;
      if (all.released) compared.released++;
      if ((some?.executions ?? 0) < all.executions) compared.fewer++;
    }
    // Otherwise the comparison shows nothing.
    expect(Math.min(...Object.values(compared))).toBeGreaterThan(25);
    expect(compared.all).toBeGreaterThan(programs * 0.9);
  });
});
