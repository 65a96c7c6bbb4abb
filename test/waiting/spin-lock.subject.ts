import { defineSubject } from 'frameproof';
import { createGuarded, Guarded, lockWord, observeGuarded, type GuardedMemory } from './guarded.ts';

/** One word: 1 while it is held. */
class SpinLocked extends Guarded {
  protected lock(): void {
    while (Atomics.compareExchange(this.words, lockWord, 0, 1) !== 0) Atomics.pause?.();
  }

  protected unlock(): void {
    Atomics.store(this.words, lockWord, 0);
  }
}

export default defineSubject({
  name: 'spin-lock',
  limits: { framesMax: 8, countMax: 1 },
  create: createGuarded,
  attach: (shared: GuardedMemory) => new SpinLocked(shared),
  observe: observeGuarded,
});
