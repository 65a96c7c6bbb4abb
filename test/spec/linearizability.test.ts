import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Model, type Company, type Operation, type State } from '../../model/index.ts';
import type { History, HistoryCall } from '../../spec/history.ts';
import { linearize } from '../../spec/linearizability.ts';

const geometry = { frames: 3, firstFrame: 0, chunkFrames: 4, maxOrder: 2, workers: 4, reserved: [] };
const model = new Model(geometry, { placement: 'any', exactErrors: false, orders: false });

/** Every order of the calls that respects real time, tried one by one. */
function bruteForce(calls: readonly HistoryCall[]): boolean {
  const company = (call: HistoryCall): Company => {
    const frames = ({ operation, response }: HistoryCall) => (operation.op === 'free' ? [operation.frame, operation.frame + operation.count] : response < 0 ? [0, 0] : [response, response + operation.count]) as [number, number];
    const beside = calls.filter((other) => other !== call && other.returned > call.invoked && other.invoked < call.returned);
    const [start, end] = frames(call);
    return beside.length === 0 ? 'alone' : beside.some((other) => start < frames(other)[1] && frames(other)[0] < end) ? 'interfering' : 'concurrent';
  };
  const search = (left: readonly HistoryCall[], state: State): boolean =>
    left.length === 0 ||
    left.some((call) => {
      if (left.some((other) => other.returned < call.invoked)) return false;
      const step = model.step(state, call.operation, call.response, company(call));
      return step.ok && search(left.filter((other) => other !== call), step.state);
    });
  return search(calls, model.initial);
}

const histories = fc
  .array(fc.record({ thread: fc.nat({ max: 3 }), free: fc.boolean(), at: fc.nat({ max: 2 }), count: fc.integer({ min: 1, max: 3 }), fails: fc.boolean(), gap: fc.nat({ max: 3 }) }), { minLength: 1, maxLength: 6, size: 'max' })
  .map((parts): History => {
    const open: { thread: number; operation: Operation; response: number; invoked: number; returned: number; command: number }[] = [];
    const calls: typeof open = [];
    let position = 0;
    parts.forEach(({ thread, free, at, count, fails, gap }, command) => {
      // A few calls stay open for a while, so that they overlap.
      while (open.length > gap || open.some((call) => call.thread === thread)) {
        const done = open.shift();
        if (done !== undefined) done.returned = position++;
      }
      const operation: Operation = free ? { op: 'free', worker: thread, frame: at, count } : { op: 'allocate', worker: thread, count };
      const call = { thread, command, operation, response: free ? (fails ? -4 : 0) : fails ? -1 : at, invoked: position++, returned: Infinity };
      open.push(call);
      calls.push(call);
    });
    for (const call of open) call.returned = position++;
    return { calls, key: '' };
  });

describe('linearizability', () => {
  test('is decided as by trying every order', () => {
    let legal = 0;
    fc.assert(
      fc.property(histories, (history) => {
        const expected = bruteForce(history.calls);
        if (expected) legal++;
        expect(linearize(history, model, model.initial).ok).toBe(expected);
      }),
      { seed: 31, numRuns: 3000 },
    );
    expect(legal).toBeGreaterThan(50);
    expect(legal).toBeLessThan(2950);
  });

  test('names the call that fits no order, and the longest order that does', () => {
    const call = (thread: number, operation: Operation, response: number, invoked: number, returned: number): HistoryCall => ({ thread, command: 0, operation, response, invoked, returned });
    const history: History = {
      key: '',
      calls: [call(0, { op: 'allocate', worker: 0, count: 1 }, 0, 0, 1), call(1, { op: 'allocate', worker: 1, count: 1 }, -1, 2, 3)],
    };
    const result = linearize(history, model, model.initial);
    expect(result.ok ? undefined : [result.finding.invariant, result.longest.length, result.finding.step]).toEqual(['FP-OOM-1', 1, 3]);
  });
});
