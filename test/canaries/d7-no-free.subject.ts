import { defineSubject } from 'frameproof';
import { alignedBase, createOrders, OrderLists, type OrderShared } from './order-lists.ts';

/** D7, the other half: there is no free at all. Whoever asks for one is refused. */
class NoFree extends OrderLists {
  override free(_frame: number, _count: number): number {
    return -4;
  }
}

export default defineSubject({
  name: 'd7-no-free',
  features: { contiguous: true, orders: true },
  limits: { framesMax: 16, workersMax: 1 },
  placement: 'buddy',
  create: ({ frames, firstFrame, maxOrder }) => createOrders(frames, firstFrame, maxOrder, alignedBase(firstFrame, maxOrder)),
  attach: (shared: OrderShared) => new NoFree(shared),
});
