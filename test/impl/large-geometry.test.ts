import { describe, expect, test } from 'vitest';
import { attachHybrid } from '../../impl/hybrid.ts';
import { createHybrid } from '../../impl/layout.ts';
import { LongRun, type Operation } from '../../model/index.ts';
import type { Geometry } from '../../spec/contract.ts';

const rules = { placement: 'chunk', exactErrors: true, orders: false } as const;
const frames = 64 * 2 ** 18; // 64 GiB of frames of 4 KiB
const production: Geometry = { frames, firstFrame: 0, chunkFrames: 512, maxOrder: 18, workers: 3, reserved: [] };

/** Numbers from a seed (xorshift). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** The same requests to the allocator and to the model; every response must be one that the model accepts. */
function differential(geometry: Geometry, seed: number, operations: number): { counted: number | undefined; free: number } {
  const shared = createHybrid(geometry);
  const handles = Array.from({ length: geometry.workers }, (_, worker) => attachHybrid(shared, worker));
  const model = new LongRun(geometry, rules);
  const random = randomFrom(seed);
  const live: [number, number][] = [];
  const sizes = [() => 1, () => 1 + random(16), () => 1 + random(511), () => 512 * (1 + random(40)), () => 1 + random(20_000), () => 2 ** random(18)];
  for (let step = 0; step < operations; step++) {
    const worker = random(handles.length);
    const handle = handles[worker] as (typeof handles)[number];
    const kind = random(100);
    const last = geometry.firstFrame + geometry.frames;
    let operation: Operation = { op: 'allocate', worker, count: (sizes[random(step % 50 === 0 ? 6 : 4)] as () => number)() };
    if (kind < 45 && live.length > 0) {
      const at = random(live.length);
      const [frame, count] = live[at] as [number, number];
      live[at] = live.at(-1) as [number, number];
      live.pop();
      operation = { op: 'free', worker, frame, count };
    } else if (kind < 50) {
      const [frame, count] = live[random(Math.max(1, live.length))] ?? [last, 1];
      operation = { op: 'free', worker, frame: frame + random(3), count: count + random(3) + 1 };
    } else if (kind < 52) {
      operation = { op: 'free', worker, frame: last - 2 + random(4), count: 1 };
    }
    const response = operation.op === 'allocate' ? handle.allocate(operation.count) : handle.free(operation.frame, operation.count);
    const wrong = model.step(operation, response);
    if (wrong !== undefined) throw new Error(`operation ${step}, ${JSON.stringify(operation)} → ${response}: ${wrong.reason}`);
    if (operation.op === 'allocate' && response >= 0) live.push([response, operation.count]);
  }
  return { counted: handles[0]?.framesFree(), free: model.framesFree };
}

describe('arithmetic at production geometry: the allocator against the model', () => {
  test.each([
    ['64 GiB', production],
    ['64 GiB that start and end inside a chunk, far up, with holes', { ...production, firstFrame: 2 ** 22 + 37, frames: frames - 91, reserved: [{ start: 2 ** 22 + 600, count: 3 }, { start: 2 ** 22 + 2 ** 20, count: 70_000 }] }],
    ['64 GiB in chunks of 2^14 frames', { ...production, chunkFrames: 2 ** 14, workers: 1 }],
  ])('%s', (_, geometry) => {
    const { counted, free } = differential(geometry, 12_345, 3000);
    expect(counted).toBe(free);
  });

  test('the last blocks of 64 GiB are served, and nothing beyond', () => {
    const shared = createHybrid(production);
    const handle = attachHybrid(shared, 0);
    const giants = Array.from({ length: 64 }, () => handle.allocate(2 ** 18));
    expect(giants.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 64 }, (_, at) => at * 2 ** 18));
    expect(handle.allocate(1)).toBe(-1);
    expect(handle.free(63 * 2 ** 18, 2 ** 18)).toBe(0);
    expect(Array.from({ length: 512 }, () => handle.allocate(512)).every((frame) => frame >= 63 * 2 ** 18)).toBe(true);
    expect(handle.allocate(1)).toBe(-1);
  });

  test('a mistake beyond 2^22 frames is seen', () => {
    const planted = { ...production, firstFrame: 2 ** 22 + 37, frames: 4096, reserved: [{ start: 2 ** 22 + 600, count: 3 }] };
    const model = new LongRun(planted, rules);
    expect(model.step({ op: 'allocate', worker: 0, count: 2 }, 2 ** 22 + 599)?.rule).toBe('FP-RNG-2');
    expect(model.step({ op: 'allocate', worker: 0, count: 2 }, 2 ** 22 + 36)?.rule).toBe('FP-RNG-1');
  });
});
