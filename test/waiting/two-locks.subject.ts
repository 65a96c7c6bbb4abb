import { defineSubject } from 'frameproof';
import { createGuarded, Guarded, lockWord, observeGuarded, type GuardedMemory } from './guarded.ts';

const outer = lockWord;
const inner = lockWord + 1;

/** Two locks, one inside the other. */
class TwoLocks extends Guarded {
  protected lock(_operation: 'allocate' | 'free'): void {
    this.#take(outer);
    this.#take(inner);
  }

  protected unlock(): void {
    Atomics.store(this.words, inner, 0);
    Atomics.store(this.words, outer, 0);
  }

  #take(word: number): void {
    while (Atomics.compareExchange(this.words, word, 0, 1) !== 0) Atomics.pause();
  }
}

export default defineSubject({
  name: 'two-locks',
  limits: { framesMax: 8, countMax: 1 },
  create: createGuarded,
  attach: (shared: GuardedMemory) => new TwoLocks(shared),
  observe: observeGuarded,
});
