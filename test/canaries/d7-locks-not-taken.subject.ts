import { defineSubject } from 'frameproof';
import { alignedBase, createOrders, OrderLists, type OrderShared } from './order-lists.ts';

/** D7: there is a lock for each order (`locks` of the shared memory), and no operation takes any: two workers are given one block. */
export default defineSubject({
  name: 'd7-locks-not-taken',
  features: { contiguous: true, orders: true },
  limits: { framesMax: 16 },
  placement: 'buddy',
  create: ({ frames, firstFrame, maxOrder }) => createOrders(frames, firstFrame, maxOrder, alignedBase(firstFrame, maxOrder)),
  attach: (shared: OrderShared) => new OrderLists(shared),
});
