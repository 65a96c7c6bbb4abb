import { setup } from 'xstate';

/** A buddy block is absent while it is part of a larger one, or it is free, allocated or reserved as a whole, or split into two halves. */
export type BlockState = 'absent' | 'free' | 'split' | 'allocated' | 'reserved';

export type BlockEvent =
  /** Its parent was split, or both halves of its parent became free. */
  | { readonly type: 'appear' }
  | { readonly type: 'vanish' }
  | { readonly type: 'split' }
  | { readonly type: 'merge' }
  | { readonly type: 'allocate' }
  | { readonly type: 'free' }
  | { readonly type: 'reserve' };

/** Life of one block of a binary buddy system (Knowlton 1965). */
export const blockMachine = setup({ types: { events: {} as BlockEvent } }).createMachine({
  id: 'block',
  initial: 'absent',
  states: {
    absent: { on: { appear: 'free' } },
    free: { on: { vanish: 'absent', split: 'split', allocate: 'allocated', reserve: 'reserved' } },
    split: { on: { merge: 'free' } },
    allocated: { on: { free: 'free' } },
    reserved: {},
  },
});
