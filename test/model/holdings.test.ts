import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Holdings, Model, type Company, type Operation } from '../../model/index.ts';

const geometry = { frames: 7, firstFrame: 3, chunkFrames: 1, maxOrder: 2, workers: 1, reserved: [{ start: 5, count: 1 }] };
const rules = { placement: 'any', exactErrors: false, orders: false } as const;

const calls = fc.array(
  fc.record({
    free: fc.boolean(), frame: fc.integer({ min: 2, max: 11 }), count: fc.integer({ min: 0, max: 6 }),
    response: fc.oneof(fc.integer({ min: -5, max: 11 }), fc.constant(0), fc.constant(-1)), company: fc.constantFrom<Company[]>('alone', 'concurrent', 'interfering'),
  }),
  { minLength: 1, maxLength: 25, size: 'max' },
);

test('holdings accept and refuse what the composed model does, and lead to the same frames', () => {
  const model = new Model(geometry, rules);
  const counts = { accepted: 0, refused: 0 };
  fc.assert(
    fc.property(calls, (made) => {
      const holdings = new Holdings(geometry, rules);
      let state = model.initial;
      let holding = holdings.initial;
      for (const { free, frame, count, response, company } of made) {
        const operation: Operation = free ? { op: 'free', worker: 0, frame, count } : { op: 'allocate', worker: 0, count };
        const step = model.step(state, operation, response, company);
        const next = holdings.step(holding, operation, response, company);
        expect('ok' in next ? next : true).toEqual(step.ok ? true : step);
        if (!step.ok || 'ok' in next) {
          counts.refused++;
          continue;
        }
        counts.accepted++;
        expect([next.frames, [...next.allocations]]).toEqual([step.state.frames, [...step.state.allocations]]);
        expect(holdings.at(next.id)).toBe(next);
        state = step.state;
        holding = next;
      }
    }),
    { seed: 11, numRuns: 2000 },
  );
  expect(counts.accepted).toBeGreaterThan(3000);
  expect(counts.refused).toBeGreaterThan(3000);
});
