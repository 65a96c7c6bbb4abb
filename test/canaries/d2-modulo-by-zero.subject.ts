import { defineSubject } from 'frameproof';
import { createRing, Ring, type RingShared } from './ring.ts';

/**
 * D2: the search goes on modulo the number of frames, which is 0 when all of them are reserved. Frame numbers are 64-bit integers as in
 * the original: their division by zero throws, where that of JavaScript's numbers would give NaN.
 */
class DividesByTotal extends Ring {
  protected override next(at: number, total: number): number {
    return Number((BigInt(at) + 1n) % BigInt(total));
  }
}

export default defineSubject({
  name: 'd2-modulo-by-zero',
  create: createRing,
  attach: (shared: RingShared) => new DividesByTotal(shared),
  limits: { workersMax: 1 },
});
