import { defineSubject } from 'frameproof';
import { createRing, Ring, type RingShared } from './ring.ts';

/** D2 repaired: at the end the search begins anew, however many frames there are. */
class Wraps extends Ring {
  protected override next(at: number, total: number): number {
    return at + 1 < total ? at + 1 : 0;
  }
}

export default defineSubject({
  name: 'd2-repaired',
  create: createRing,
  attach: (shared: RingShared) => new Wraps(shared),
  limits: { workersMax: 1 },
});
