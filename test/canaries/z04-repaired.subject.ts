import { defineSubject } from 'frameproof';
import { createPieces, Pieces, type PiecesShared } from './pieces.ts';

/** Z04 repaired: pieces are checked against the end of the block that is split (zephyr #16966). */
class ChecksTheParentsEnd extends Pieces {
  protected override endOf(block: number): number {
    return Math.min(2 * (block + 1), this.frames);
  }
}

export default defineSubject({
  name: 'z04-repaired',
  features: { contiguous: true, orders: true },
  limits: { framesMax: 12, countMax: 2, workersMax: 1 },
  placement: 'buddy',
  create: ({ frames, firstFrame }) => createPieces(frames, firstFrame),
  attach: (shared: PiecesShared) => new ChecksTheParentsEnd(shared),
});
