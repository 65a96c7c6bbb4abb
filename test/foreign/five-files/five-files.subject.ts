import { defineSubject } from 'frameproof';
import { errors, framesMax } from './constants.ts';
import { claim, free, release } from './search.js';
import { Cell, constants, layOut, type Store } from './store.ts';

const { startShift } = constants;

function attach({ memory, frames, firstFrame, available }: Store) {
  const cell = new Cell(memory);
  return {
    allocate(count: number): number {
      if (!(count >= 1 && count <= frames)) return errors.invalidCount;
      const update = cell.update(claim(frames, count));
      if (typeof update === 'number') return update;
      const started = (update.before ^ update.after) >> startShift;
      return firstFrame + Math.log2(Number(started));
    },
    free(frame: number, count: number): number {
      const at = frame - firstFrame;
      if (!(count >= 1 && at >= 0 && at + count <= frames)) return errors.invalidFrame;
      const update = cell.update(release(available, at, count));
      return typeof update === 'number' ? update : 0;
    },
    framesFree(): number {
      return [...free(cell.read()).toString(2)].filter((digit) => digit === '1').length;
    },
  };
}

export default defineSubject({ name: 'five-files', features: { contiguous: true }, limits: { framesMax }, create: layOut, attach });
