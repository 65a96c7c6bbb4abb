import { defineSubject } from 'frameproof';
import { BuddyBlocks, createBlocks, observeBlocks } from './buddy-blocks.ts';

/** V08: the table of orders is one short, and the largest order indexes past it. */
class OrderTable extends BuddyBlocks {
  readonly #orders = Math.log2(this.shared.frames);

  override allocate(count: number): number {
    const order = Math.log2(count);
    if (order >= this.#orders) throw new RangeError(`index out of bounds: the length is ${this.#orders}, the index ${order}`);
    return super.allocate(count);
  }
}

export default defineSubject({
  name: 'v08-order-table',
  features: { contiguous: true, orders: true },
  limits: { framesMax: 16, workersMax: 1 },
  placement: 'buddy',
  create: (geometry) => createBlocks(geometry),
  attach: (shared) => new OrderTable(shared),
  observe: observeBlocks,
});
