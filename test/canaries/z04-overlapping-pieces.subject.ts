import { defineSubject } from 'frameproof';
import { createPieces, Pieces, type PiecesShared } from './pieces.ts';

/** Z04: a split checks its last pieces against the end of the heap, not of the block they come from, so that they overlap the next block (zephyr #15279). */
class ChecksTheHeapsEnd extends Pieces {
  protected override endOf(_block: number): number {
    return this.frames;
  }
}

export default defineSubject({
  name: 'z04-overlapping-pieces',
  features: { contiguous: true, orders: true },
  limits: { framesMax: 12, countMax: 2, workersMax: 1 },
  placement: 'buddy',
  create: ({ frames, firstFrame }) => createPieces(frames, firstFrame),
  attach: (shared: PiecesShared) => new ChecksTheHeapsEnd(shared),
});
