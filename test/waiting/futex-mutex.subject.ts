import { defineSubject } from 'frameproof';
import { createGuarded, Guarded, lockWord, observeGuarded, type GuardedMemory } from './guarded.ts';

/** 0 free, 1 held, 2 held and somebody may sleep (Drepper, Futexes are tricky, mutex 2). */
class FutexLocked extends Guarded {
  protected lock(): void {
    let seen = Atomics.compareExchange(this.words, lockWord, 0, 1);
    if (seen === 0) return;
    if (seen !== 2) seen = Atomics.exchange(this.words, lockWord, 2);
    while (seen !== 0) {
      Atomics.wait(this.words, lockWord, 2);
      seen = Atomics.exchange(this.words, lockWord, 2);
    }
  }

  protected unlock(): void {
    if (Atomics.sub(this.words, lockWord, 1) !== 1) {
      Atomics.store(this.words, lockWord, 0);
      Atomics.notify(this.words, lockWord, 1);
    }
  }
}

export default defineSubject({
  name: 'futex-mutex',
  limits: { framesMax: 8, countMax: 1 },
  create: createGuarded,
  attach: (shared: GuardedMemory) => new FutexLocked(shared),
  observe: observeGuarded,
});
