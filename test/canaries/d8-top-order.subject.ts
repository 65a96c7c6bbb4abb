import { defineSubject } from 'frameproof';
import { alignedBase, createOrders, OrderLists, type OrderShared } from './order-lists.ts';

/** D8: the search goes over `order..MAX_ORDER`, which leaves the largest order out: its blocks are there and never found. */
class ExcludesTheTop extends OrderLists {
  protected override smallestFrom(wanted: number): number {
    for (let order = wanted; order < this.maxOrder; order++) if (Atomics.load(this.lists, order) !== 0) return order;
    return -1;
  }
}

export default defineSubject({
  name: 'd8-top-order',
  features: { contiguous: true, orders: true },
  limits: { framesMax: 16, workersMax: 1 },
  placement: 'buddy',
  create: ({ frames, firstFrame, maxOrder }) => createOrders(frames, firstFrame, maxOrder, alignedBase(firstFrame, maxOrder)),
  attach: (shared: OrderShared) => new ExcludesTheTop(shared),
});
