import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { modelInvariants } from '../../model/invariants.ts';
import { Model, walkModel, type Operation, type State } from '../../model/index.ts';
import { Component } from '../../model/transitions.ts';
import { createMachine } from 'xstate';
import type { Geometry } from '../../spec/contract.ts';

const geometry = (part: Partial<Geometry>): Geometry => ({ frames: 8, firstFrame: 0, chunkFrames: 4, maxOrder: 3, workers: 1, reserved: [], ...part });
const rules = { placement: 'chunk', exactErrors: true, orders: false } as const;

const geometries = fc
  .record({ frames: fc.integer({ min: 1, max: 24 }), firstFrame: fc.integer({ min: 0, max: 9 }), chunk: fc.constantFrom(2, 4, 8), order: fc.integer({ min: 0, max: 5 }), hole: fc.nat({ max: 30 }), marks: fc.boolean() })
  .map(({ frames, firstFrame, chunk, order, hole, marks }) =>
    geometry({
      frames, firstFrame, chunkFrames: chunk, maxOrder: order,
      reserved: hole < frames ? [{ start: firstFrame + hole, count: 1 }] : [],
      ...(marks ? { marks: { low: Math.ceil(frames / 2), min: Math.ceil(frames / 4), critical: Math.ceil(frames / 8), gap: 1 } } : {}),
    }),
  );

/** A random legal walk: allocations where the model says a run is, frees of what is live. */
function walk(model: Model, choices: readonly { readonly free: boolean; readonly pick: number }[]): State[] {
  const states = [model.initial];
  for (const { free, pick } of choices) {
    const state = states.at(-1) as State;
    const live = [...state.allocations];
    const count = 1 + (pick % model.layout.geometry.frames);
    const run = model.suitableRun(state, count);
    let operation: Operation = { op: 'allocate', worker: 0, count };
    let response = run;
    if (free && live.length > 0) {
      const [frame, size] = live[pick % live.length] as [number, number];
      operation = { op: 'free', worker: 0, frame, count: size };
      response = 0;
    } else if (run < 0) {
      response = count > 2 ** model.layout.maxOrder ? -2 : -1;
    }
    const step = model.step(state, operation, response);
    if (!step.ok) throw new Error(`${JSON.stringify(operation)} → ${response}: ${step.reason}`);
    states.push(step.state);
  }
  return states;
}

const choices = fc.array(fc.record({ free: fc.boolean(), pick: fc.nat({ max: 1000 }) }), { maxLength: 30, size: 'max' });

describe('the composed model', () => {
  test('keeps every invariant along any legal walk at any geometry', () => {
    fc.assert(
      fc.property(geometries, choices, (geo, picks) => {
        for (const state of walk(new Model(geo, rules), picks)) {
          for (const { name, broken } of modelInvariants) expect(`${name}: ${broken(state) ?? 'holds'}`).toBe(`${name}: holds`);
        }
      }),
      { seed: 7, numRuns: 150 },
    );
  });

  test('is back at its initial frames and blocks when everything was freed', () => {
    fc.assert(
      fc.property(geometries, choices, (geo, picks) => {
        const model = new Model({ ...geo }, rules);
        let state = walk(model, picks).at(-1) as State;
        for (const [frame, count] of state.allocations) {
          const step = model.step(state, { op: 'free', worker: 0, frame, count }, 0);
          if (!step.ok) throw new Error(step.reason);
          state = step.state;
        }
        expect([...state.blocks]).toEqual([...model.initial.blocks]);
        expect([...state.frames]).toEqual([...model.initial.frames]);
      }),
      { seed: 8, numRuns: 150 },
    );
  });

  test('gives equal states as one object, whatever led there', () => {
    const model = new Model(geometry({}), rules);
    const two = (first: number, second: number): State => {
      const one = model.step(model.initial, { op: 'allocate', worker: 0, count: 1 }, first);
      const both = one.ok ? model.step(one.state, { op: 'allocate', worker: 1, count: 1 }, second) : one;
      if (!both.ok) throw new Error(both.reason);
      return both.state;
    };
    expect(two(0, 5)).toBe(two(5, 0));
  });
});

describe('the model rejects', () => {
  const model = new Model(geometry({ frames: 7, reserved: [{ start: 6, count: 1 }] }), rules);
  const first = model.step(model.initial, { op: 'allocate', worker: 0, count: 2 }, 1);
  const state = first.ok ? first.state : model.initial;
  const allocate = (count: number): Operation => ({ op: 'allocate', worker: 0, count });
  const free = (frame: number, count: number): Operation => ({ op: 'free', worker: 0, frame, count });
  test.each([
    ['a frame owned already', allocate(1), 2, 'FP-OWN-1'],
    ['a run into an owned frame', allocate(2), 0, 'FP-OWN-1'],
    ['a frame past the end', allocate(1), 7, 'FP-RNG-1'],
    ['a reserved frame', allocate(1), 6, 'FP-RNG-2'],
    ['a run across chunks', allocate(2), 3, 'FP-PLC-1'],
    ['out-of-memory beside a free frame', allocate(1), -1, 'FP-OOM-1'],
    ['out-of-memory for a count that nobody may ask for', allocate(0), -1, 'FP-ERR-1'],
    ['a count refused that is one', allocate(1), -2, 'FP-ERR-1'],
    ['a free of a part', free(1, 1), 0, 'FP-FRE-1'],
    ['a free that is too long', free(1, 3), 0, 'FP-FRE-1'],
    ['a free of a free frame', free(0, 1), 0, 'FP-FRE-1'],
    ['a free of the owner refused', free(1, 2), -4, 'FP-FRE-2'],
    ['the wrong error of a double free', free(0, 1), -5, 'FP-ERR-1'],
    ['the wrong error of a partial free', free(1, 1), -4, 'FP-ERR-1'],
    ['the wrong error of a reserved frame', free(6, 1), -3, 'FP-ERR-1'],
  ])('%s', (_, operation, response, rule) => {
    const step = model.step(state, operation, response);
    expect(step.ok ? 'accepted' : step.rule).toBe(rule);
  });

  test('but accepts a refusal that leans on a call in flight on the same frames', () => {
    expect(model.step(state, free(1, 2), -4, 'interfering').ok).toBe(true);
    expect(model.step(state, free(1, 2), -4, 'concurrent').ok).toBe(false);
  });
});

describe('the walk', () => {
  test('visits every state of machines and composition, and takes every transition', () => {
    const report = walkModel(geometry({ frames: 6, chunkFrames: 2, maxOrder: 2, reserved: [{ start: 2, count: 1 }], marks: { low: 4, min: 3, critical: 1, gap: 1 } }), rules);
    expect(report.violations).toEqual([]);
    expect(report.composed.coverage.missing).toEqual([]);
    expect(report.composed.rejections).toBeGreaterThan(report.composed.transitions);
    expect(report.machines.flatMap(({ unreachable, ignored }) => [...unreachable, ...ignored])).toEqual([]);
  });

  test('reports a broken invariant with the way that leads to it', () => {
    const never = { name: 'frame 3 is never allocated', broken: (state: State) => (state.frame(3) === 'allocated' ? 'frame 3 is' : undefined) };
    const report = walkModel(geometry({ frames: 4, maxOrder: 2 }), rules, { invariants: [never] });
    expect(report.violations[0]?.path.length).toBe(1);
  });

  test('reports a state that nothing reaches and an event that nothing accepts', () => {
    const machine = createMachine({ id: 'planted', initial: 'a', states: { a: { on: { go: 'b' } }, b: {}, lost: { on: { odd: 'a' } } } });
    const [report] = walkModel(geometry({ frames: 1, maxOrder: 0, chunkFrames: 1 }), rules, { components: [new Component(machine)] }).machines;
    expect(report?.unreachable).toEqual(['lost']);
    expect(report?.ignored).toEqual(['odd']);
  });
});
