import { defineSubject } from 'frameproof';
import { createGuarded, Guarded, lockWord, observeGuarded, type GuardedMemory } from './guarded.ts';

/** Looks a few times, then sleeps, and not for long: a notify may be missed. */
class Impatient extends Guarded {
  protected lock(): void {
    for (let round = 0; round < 3; round++) {
      if (Atomics.compareExchange(this.words, lockWord, 0, 1) === 0) return;
      Atomics.pause();
    }
    while (Atomics.exchange(this.words, lockWord, 2) !== 0) Atomics.wait(this.words, lockWord, 2, 10);
  }

  protected unlock(): void {
    if (Atomics.exchange(this.words, lockWord, 0) === 2) Atomics.notify(this.words, lockWord, 1);
  }
}

export default defineSubject({
  name: 'impatient-mutex',
  limits: { framesMax: 8, countMax: 1 },
  create: createGuarded,
  attach: (shared: GuardedMemory) => new Impatient(shared),
  observe: observeGuarded,
});
