import { defineSubject } from 'frameproof';
import { createFreeList, FreeList } from './free-list.ts';

/** H11 repaired: a frame goes back once. */
export default defineSubject({
  name: 'h11-repaired',
  limits: { framesMax: 8, workersMax: 1 },
  create: createFreeList,
  attach: (shared) => new FreeList(shared),
});
