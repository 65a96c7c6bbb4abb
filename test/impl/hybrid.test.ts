import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attachHybrid } from '../../impl/hybrid.ts';
import { createHybrid, flightChunk, flightCount, flightOf } from '../../impl/layout.ts';
import { observeHybrid } from '../../impl/observe.ts';
import { claimed, freeEntries, isExtent, released, run, startsOfRuns } from '../../impl/words.ts';
import { Model, type Operation, type State } from '../../model/index.ts';
import type { Geometry } from '../../spec/contract.ts';

const rules = { placement: 'chunk', exactErrors: true, orders: false } as const;

const geometries = fc
  .record({
    frames: fc.integer({ min: 1, max: 70 }), firstFrame: fc.integer({ min: 0, max: 20 }), chunkFrames: fc.constantFrom(2, 4, 8, 16, 32), order: fc.integer({ min: 0, max: 6 }),
    holes: fc.array(fc.record({ at: fc.nat({ max: 70 }), count: fc.integer({ min: 1, max: 5 }) }), { maxLength: 3 }), workers: fc.integer({ min: 1, max: 3 }), entries: fc.constantFrom(2, 4, 16), marks: fc.boolean(),
  })
  .map(({ frames, firstFrame, chunkFrames, order, holes, workers, entries, marks }) => {
    const reserved = holes.filter(({ at, count }) => at + count <= frames).map(({ at, count }) => ({ start: firstFrame + at, count }));
    const geometry: Geometry = {
      frames, firstFrame, chunkFrames, maxOrder: order, workers, reserved,
      ...(marks ? { marks: { low: Math.ceil(frames / 2), min: Math.ceil(frames / 4), critical: Math.ceil(frames / 8), gap: 2 } } : {}),
    };
    return { geometry, options: { wordEntries: entries } };
  });

const commands = fc.array(fc.record({ kind: fc.constantFrom('allocate', 'allocate', 'free', 'wrong'), pick: fc.nat({ max: 9999 }), size: fc.nat({ max: 9999 }), worker: fc.nat({ max: 2 }) }), { minLength: 1, maxLength: 120, size: 'max' });

/** Runs commands one after the other on the allocator with the model alongside; every response must be accepted. */
function compare({ geometry, options }: { geometry: Geometry; options: { wordEntries: number } }, picks: readonly { kind: string; pick: number; size: number; worker: number }[]): void {
  const shared = createHybrid(geometry, options);
  const handles = Array.from({ length: geometry.workers }, (_, worker) => attachHybrid(shared, worker));
  const model = new Model(geometry, rules);
  let state: State = model.initial;
  for (const { kind, pick, size, worker } of picks) {
    const handle = handles[worker % handles.length] as (typeof handles)[number];
    const live = [...state.allocations];
    let operation: Operation = { op: 'allocate', worker, count: size % 3 === 0 ? pick % (geometry.frames + 2) : 1 + (pick % 5) };
    if (kind === 'free' && live.length > 0) {
      const [frame, count] = live[pick % live.length] as [number, number];
      operation = { op: 'free', worker, frame, count };
    } else if (kind === 'wrong') {
      operation = { op: 'free', worker, frame: geometry.firstFrame - 1 + (pick % (geometry.frames + 2)), count: size % 7 };
    }
    const response = operation.op === 'allocate' ? handle.allocate(operation.count) : handle.free(operation.frame, operation.count);
    const step = model.step(state, operation, response);
    expect(`${JSON.stringify(operation)} → ${response}: ${step.ok ? 'right' : step.reason}`).toBe(`${JSON.stringify(operation)} → ${response}: right`);
    if (step.ok) state = step.state;
    expect(handle.framesFree()).toBe(state.framesFree);
  }
  const shown = observeHybrid(shared);
  for (let at = 0; at < geometry.frames; at++) expect(shown[at]).toBe(state.frame(geometry.firstFrame + at));
  const level = geometry.marks === undefined || shared.batch > 1 ? state.pressure : ['ok', 'low', 'min', 'critical'][handles[0]?.pressure() ?? -1];
  expect(level).toBe(state.pressure);
}

describe('the hybrid allocator, one call after the other', () => {
  test('answers as the model accepts, at any geometry and width of words', () => {
    fc.assert(fc.property(geometries, commands, compare), { seed: 21, numRuns: 400 });
  });

  test('keeps its metadata below a thousandth of the memory at 64 GiB', () => {
    const frames = 64 * 2 ** 18;
    const shared = createHybrid({ frames, firstFrame: 0, chunkFrames: 512, maxOrder: 18, workers: 8, reserved: [] });
    expect(shared.memory.byteLength / (frames * 4096)).toBeLessThan(0.001);
    const handle = attachHybrid(shared, 0);
    const giant = handle.allocate(2 ** 18);
    expect(giant % 512).toBe(0);
    expect(handle.framesFree()).toBe(frames - 2 ** 18);
    expect(handle.free(giant, 2 ** 18)).toBe(0);
  });

  test('takes over what an earlier handle of a worker has counted', () => {
    const shared = createHybrid({ frames: 8, firstFrame: 0, chunkFrames: 4, maxOrder: 3, workers: 1, reserved: [] });
    expect(attachHybrid(shared, 0).allocate(3)).toBeGreaterThanOrEqual(0);
    expect(attachHybrid(shared, 0).framesFree()).toBe(5);
  });

  test.each([{ chunkFrames: 3 }, { frames: 0 }, { firstFrame: -1 }])('refuses an impossible geometry: %j', (part) => {
    expect(() => createHybrid({ frames: 8, firstFrame: 0, chunkFrames: 4, maxOrder: 3, workers: 1, reserved: [], ...part })).toThrow(RangeError);
  });
});

describe('the algebra of words', () => {
  const place = fc.record({ entry: fc.nat({ max: 15 }), count: fc.integer({ min: 1, max: 16 }) }).filter(({ entry, count }) => entry + count <= 16);

  test('what is claimed is one extent, and released it is free again', () => {
    fc.assert(
      fc.property(place, ({ entry, count }) => {
        const word = claimed(0xffff, entry, count);
        const extents = Array.from({ length: 16 }, (_, at) => at + 1).filter((other) => isExtent(word, entry, other, 16));
        expect(extents).toEqual([count]);
        expect(freeEntries(word)).toBe(0xffff & ~run(entry, count));
        expect(released(word, entry, count)).toBe(0xffff);
      }),
      { seed: 3 },
    );
  });

  test('starts of runs are those of a naive search', () => {
    fc.assert(
      fc.property(fc.nat({ max: 0xffff }), fc.integer({ min: 1, max: 16 }), (bits, count) => {
        let naive = 0;
        for (let at = 0; at + count <= 16; at++) if ((bits & run(at, count)) === run(at, count)) naive |= 1 << at;
        expect(startsOfRuns(bits, count)).toBe(naive);
      }),
      { seed: 4 },
    );
  });

  test('a flight word keeps its chunks apart', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 18 - 2 }), fc.integer({ min: 1, max: 2 ** 13 }), (chunk, count) => {
        expect([flightChunk(flightOf(chunk, count)), flightCount(flightOf(chunk, count))]).toEqual([chunk, count]);
        expect(flightOf(chunk, count)).not.toBe(0);
      }),
      { seed: 5 },
    );
  });
});
