import { setup } from 'xstate';

/** Who has a frame: the firmware, nobody, a worker's cache, a caller, a migration in progress, or nothing because it is switched off. */
export type FrameState = 'free' | 'reserved' | 'cached' | 'allocated' | 'isolated' | 'offline';

export type FrameEvent =
  | { readonly type: 'reserve' }
  | { readonly type: 'allocate' }
  | { readonly type: 'free' }
  /** A worker takes a free frame into its cache, or gives it back. */
  | { readonly type: 'refill' }
  | { readonly type: 'flush' }
  /** A request is served out of a cache; a free frame ends in one. */
  | { readonly type: 'serve' }
  | { readonly type: 'stash' }
  /** A free frame is withdrawn from allocation while its neighbourhood is migrated, and put back, or switched off. */
  | { readonly type: 'isolate' }
  | { readonly type: 'restore' }
  | { readonly type: 'retire' }
  | { readonly type: 'online' };

/** Ownership of one frame. */
export const frameMachine = setup({ types: { events: {} as FrameEvent } }).createMachine({
  id: 'frame',
  initial: 'free',
  states: {
    free: { on: { reserve: 'reserved', allocate: 'allocated', refill: 'cached', isolate: 'isolated' } },
    reserved: {},
    cached: { on: { serve: 'allocated', flush: 'free' } },
    allocated: { on: { free: 'free', stash: 'cached' } },
    isolated: { on: { restore: 'free', retire: 'offline' } },
    offline: { on: { online: 'free' } },
  },
});
