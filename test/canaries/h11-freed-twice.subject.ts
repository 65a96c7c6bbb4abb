import { defineSubject } from 'frameproof';
import { createFreeList, FreeList } from './free-list.ts';

/** H11: what frees a frame frees it twice, as page tables were by the walk that unmapped them and again with their address space. */
class FreedTwice extends FreeList {
  protected override give(at: number): void {
    super.give(at);
    super.give(at);
  }
}

export default defineSubject({
  name: 'h11-freed-twice',
  limits: { framesMax: 8, workersMax: 1 },
  create: createFreeList,
  attach: (shared) => new FreedTwice(shared),
});
