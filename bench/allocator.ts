import { attachHybrid, createHybrid } from '../impl/index.ts';
import type { Geometry } from '../spec/contract.ts';
import { LiteralDesign } from './literal.ts';
import type { Cost } from './ratio.ts';

interface Pairs {
  allocate(count: number): number;
  free(frame: number, count: number): number;
}

/** 4 GiB in frames of 4 KiB. */
const geometry: Geometry = { frames: 2 ** 20, firstFrame: 0, chunkFrames: 512, maxOrder: 18, workers: 4, reserved: [] };
const production: Geometry = { ...geometry, frames: 64 * 2 ** 18 };

/** The unit c: one uncontended compareExchange. */
export function compareExchange(): Cost {
  const words = new Int32Array(new SharedArrayBuffer(1024));
  return {
    name: 'Atomics.compareExchange', times: 1_000_000,
    run: (times) => {
      let seen = 0;
      for (let at = 0; at < times; at++) seen = Atomics.compareExchange(words, 64, at & 1, (at + 1) & 1);
      return seen;
    },
  };
}

/**
 * A loop of its own for each row, as a caller would have: the engine specializes it for what it sees there and nowhere else. The row's name
 * stands in its text, since functions of equal text share what the engine has seen: two allocators would make each other's calls slower.
 */
function pair(name: string, allocator: Pairs, count: number, times: number): Cost {
  const loop = new Function(
    'allocator', 'times',
    `// ${name}
    let sum = 0;
    for (let at = 0; at < times; at++) {
      const frame = allocator.allocate(${count});
      if (frame < 0 || allocator.free(frame, ${count}) !== 0) throw new Error('refused');
      sum += frame;
    }
    return sum;`,
  ) as (allocator: Pairs, times: number) => number;
  return { name, times, run: (rounds) => loop(allocator, rounds) };
}

/** A hybrid of which `taken` frames are allocated already. */
function hybrid(taken: number): Pairs {
  const handle = attachHybrid(createHybrid(geometry), 0);
  for (let at = 0; at < taken; at++) handle.allocate(1);
  return handle;
}

/** A row of the allocator's table: what is measured, its bound in units of c, and the same on the reference design taken literally. */
export interface AllocatorRow {
  readonly cost: Cost;
  readonly most: number;
  readonly literal: Cost;
}

export function allocatorRows(): readonly AllocatorRow[] {
  const row = (name: string, most: number, count: number, taken: number, times: number): AllocatorRow => {
    const literal = new LiteralDesign(geometry);
    for (let at = 0; at < taken; at++) literal.allocate(1);
    return { cost: pair(name, hybrid(taken), count, times), most, literal: pair(`${name}, literal`, literal, count, Math.max(100, times / 50)) };
  };
  return [
    row('allocate and free one frame', 2.8, 1, 100, 500_000),
    row('allocate and free a block of order 9', 3.5, 512, 0, 500_000),
    row('allocate and free 64 frames, aligned', 9, 64, 64, 100_000),
    row('allocate and free 64 frames, unaligned', 14, 64, 5, 100_000),
  ];
}

/** Bytes of metadata for each byte of memory, at 64 GiB. */
export function metadataShare(): number {
  return createHybrid(production).memory.byteLength / (production.frames * 4096);
}
