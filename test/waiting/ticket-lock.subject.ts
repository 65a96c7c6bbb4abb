import { defineSubject } from 'frameproof';
import { createGuarded, Guarded, lockWord, observeGuarded, type GuardedMemory } from './guarded.ts';

const ticketWord = lockWord;
const servedWord = lockWord + 1;

/** First come, first served. */
class TicketLocked extends Guarded {
  protected lock(): void {
    const ticket = Atomics.add(this.words, ticketWord, 1);
    while (Atomics.load(this.words, servedWord) !== ticket) Atomics.pause();
  }

  protected unlock(): void {
    Atomics.add(this.words, servedWord, 1);
  }
}

export default defineSubject({
  name: 'ticket-lock',
  limits: { framesMax: 8, countMax: 1 },
  create: createGuarded,
  attach: (shared: GuardedMemory) => new TicketLocked(shared),
  observe: observeGuarded,
});
