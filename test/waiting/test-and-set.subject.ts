import { defineSubject } from 'frameproof';
import { createGuarded, Guarded, lockWord, observeGuarded, type GuardedMemory } from './guarded.ts';

/** Each try writes: whoever spins must not wake the others by what it writes. */
class TestAndSet extends Guarded {
  protected lock(): void {
    while (Atomics.exchange(this.words, lockWord, 1) !== 0) Atomics.pause();
  }

  protected unlock(): void {
    Atomics.store(this.words, lockWord, 0);
  }
}

export default defineSubject({
  name: 'test-and-set',
  limits: { framesMax: 8, countMax: 1 },
  create: createGuarded,
  attach: (shared: GuardedMemory) => new TestAndSet(shared),
  observe: observeGuarded,
});
