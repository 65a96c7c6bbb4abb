import { defineSubject } from 'frameproof';
import { alignedBase, createOrders, OrderLists, type OrderShared } from './order-lists.ts';

/** D7, D8 and D10 repaired: a lock is held through every operation, the largest order is searched, blocks are counted from frame 0. */
class Locked extends OrderLists {
  readonly #locks: Int32Array;

  constructor(shared: OrderShared) {
    super(shared);
    this.#locks = new Int32Array(shared.locks);
  }

  override allocate(count: number): number {
    this.#lock();
    const frame = super.allocate(count);
    Atomics.store(this.#locks, 0, 0);
    return frame;
  }

  override free(frame: number, count: number): number {
    this.#lock();
    const answer = super.free(frame, count);
    Atomics.store(this.#locks, 0, 0);
    return answer;
  }

  #lock(): void {
    while (Atomics.compareExchange(this.#locks, 0, 0, 1) !== 0) Atomics.pause();
  }
}

export default defineSubject({
  name: 'd7-d8-d10-repaired',
  features: { contiguous: true, orders: true },
  limits: { framesMax: 16 },
  placement: 'buddy',
  create: ({ frames, firstFrame, maxOrder }) => createOrders(frames, firstFrame, maxOrder, alignedBase(firstFrame, maxOrder)),
  attach: (shared: OrderShared) => new Locked(shared),
});
