import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSchedule, printSchedule, type Decision } from '../../spec/decision.ts';
import { arbitraryScenario } from '../../spec/generate.ts';
import { commandCount, whyImpossible } from '../../spec/scenario.ts';
import { scopeOf } from '../../spec/scope.ts';
import { parseReplay, parseScenario, printReplay, printScenario, TokenError } from '../../spec/token.ts';

const scopes = [
  scopeOf({ frames: 8, chunkFrames: 4, threads: 2, ops: 3, prefixOps: 3, countMax: 8 }),
  scopeOf({ frames: 7, chunkFrames: 4, firstFrame: 6, threads: 3, ops: 2, prefixOps: 2, reserved: [{ start: 8, count: 2 }], marks: { low: 4, min: 2, critical: 1, gap: 1 } }),
];
const scenarios = fc.oneof(...scopes.map((scope) => arbitraryScenario(scope, { contiguous: true })));
const thread = fc.nat({ max: 25 });
const decisions = fc.array(
  fc.oneof<fc.Arbitrary<Decision>[]>(
    thread.map((each) => ({ kind: 'run', thread: each })),
    thread.map((each) => ({ kind: 'crash', thread: each })),
    thread.map((each) => ({ kind: 'timeout', thread: each })),
    fc.record({ kind: fc.constant('read' as const), thread, write: fc.nat({ max: 99 }) }),
  ),
);

describe('tokens', () => {
  test('of a scenario are read back as the same scenario', () => {
    fc.assert(fc.property(scenarios, (scenario) => {
        expect(parseScenario(printScenario(scenario))).toEqual(scenario);
      }), { seed: 11, endOnFailure: true, numRuns: 300 });
  });

  test('of a schedule are read back as the same schedule', () => {
    fc.assert(fc.property(decisions, (list) => {
        expect(parseSchedule(printSchedule(list))).toEqual(list);
      }), { seed: 12, endOnFailure: true, numRuns: 300 });
  });

  test('of a counterexample hold one line with everything', () => {
    fc.assert(
      fc.property(scenarios, decisions, (scenario, schedule) => {
        const token = printReplay({ subject: './a b.subject.ts', scenario, schedule });
        expect(token).not.toContain('\n');
        expect(parseReplay(token)).toEqual({ subject: './a b.subject.ts', scenario, schedule });
      }),
      { seed: 13, endOnFailure: true, numRuns: 200 },
    );
  });

  test.each([
    ['f8', /GEOMETRY/], ['f0c4o2 | A: allocate(1)', /at least one/], ['f8c3o2 | A: allocate(1)', /power of two/], ['f8c4o3 | A: alocate(1)', /not a command/],
    ['f8c4o3 | A: free(x)', /nothing allocates 'x'/], ['f8c4o3 | A: free(a); a=allocate(1)', /circle/], ['f8c4o3 | B: allocate(1) | A: allocate(1)', /^worker B in a geometry/],
    ['f8c4o3 | A: a=allocate(1); a=allocate(1)', /two runs/], ['f8c4o3 | allocate(1)', /expected a thread/],
  ])('that make no sense are refused: %s', (token, message) => {
    expect(() => parseScenario(token)).toThrow(TokenError);
    expect(() => parseScenario(token)).toThrow(message);
  });
});

describe('generated scenarios', () => {
  test('can always run to their end and stay within their scope', () => {
    fc.assert(
      fc.property(scenarios, (scenario) => {
        expect(whyImpossible(scenario)).toBeUndefined();
        expect(commandCount(scenario)).toBeLessThanOrEqual(9);
      }),
      { seed: 14, endOnFailure: true, numRuns: 300 },
    );
  });
});
