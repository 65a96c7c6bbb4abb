import type { Canary, Waiting } from './canary.ts';
import { concurrent } from './concurrent.ts';
import { design } from './design.ts';
import { history } from './history.ts';
import { sequential, waitingSequential } from './sequential.ts';
import { zephyr } from './zephyr.ts';

export type { Canary, Waiting } from './canary.ts';

/** Every known defect that can be asked for today. */
export const canaries: readonly Canary[] = [...sequential, ...concurrent, ...design, ...history, ...zephyr];

/** Those that need something which does not exist yet. */
export const waiting: readonly Waiting[] = [
  ...waitingSequential,
  { id: 'D9', mistake: 'a free in constant time with a list and no metadata of a block', needs: 'no canary: it is no behaviour; the tag of a run answers it, and V20 shows what happens without' },
  { id: 'D12', mistake: 'the nearest nodes include the node itself; flags are dropped', needs: 'nodes' },
  { id: 'D14', mistake: 'the cache has no refill, drain or free, and bypasses zones, marks and statistics', needs: 'caches' },
  { id: 'D15', mistake: 'the emergency pool has no rule of admission and no refill', needs: 'the emergency reserve' },
];
