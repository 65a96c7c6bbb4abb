import { defineSubject } from 'frameproof';
import { observeFrameWords } from './frames.ts';
import { createLocked, Locked, type LockedWords } from './locked.ts';

/** H1, in an operation and with a marked spin: statistics that take the lock are updated while it is held, and the worker waits for itself. */
class WaitsForItself extends Locked {
  protected override updateStatistics(): void {
    this.acquire();
    super.updateStatistics();
    this.release();
  }
}

export default defineSubject({
  name: 'h1-waits-for-itself',
  features: { contiguous: true },
  limits: { framesMax: 12 },
  create: createLocked,
  attach: (shared: LockedWords) => new WaitsForItself(shared),
  observe: observeFrameWords,
});
