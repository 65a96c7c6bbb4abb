import { defineSubject } from 'frameproof';
import { createOrders, OrderLists, type OrderShared } from './order-lists.ts';

/** D10: blocks are counted from the first frame, whatever its number, so that a large one is not aligned as hardware needs it. */
export default defineSubject({
  name: 'd10-relative-alignment',
  features: { contiguous: true, orders: true },
  limits: { framesMax: 16, workersMax: 1 },
  placement: 'buddy',
  create: ({ frames, firstFrame, maxOrder }) => createOrders(frames, firstFrame, maxOrder, firstFrame),
  attach: (shared: OrderShared) => new OrderLists(shared),
});
