import { defineSubject } from 'frameproof';
import { observeFrameWords } from './frames.ts';
import { createLocked, Locked, type LockedWords } from './locked.ts';

/** V16: the panic of an index below the range leaves the lock held, and whoever comes next waits for ever. */
class DiesWithTheLock extends Locked {
  protected override freeHeld(frame: number, count: number): number {
    const start = frame - this.shared.firstFrame;
    if (start < 0) throw new RangeError('attempt to subtract with overflow');
    return super.freeHeld(frame, count);
  }
}

export default defineSubject({
  name: 'v16-lock-held',
  features: { contiguous: true },
  limits: { framesMax: 12 },
  create: createLocked,
  attach: (shared: LockedWords) => new DiesWithTheLock(shared),
  observe: observeFrameWords,
});
