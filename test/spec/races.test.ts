import { expect, test } from 'vitest';
import { scopeOf } from '../../spec/scope.ts';
import { loadText, runCheck } from '../support/subjects.ts';

/** Each allocate of either worker does `body` on three words; the frames themselves are handed out right. */
const subject = (body: string, hints = ''): string => `
import { defineSubject } from 'frameproof';
import { peek, poke, ownRead, ownWrite } from 'frameproof/impl';
export default defineSubject({
  name: 'racing', limits: { framesMax: 2 },
  create: ({ firstFrame }: { firstFrame: number }) => ({ memory: new SharedArrayBuffer(16), firstFrame }),
  ${hints}
  attach: ({ memory, firstFrame }: { memory: SharedArrayBuffer; firstFrame: number }, worker: number) => {
    const words = new Int32Array(memory);
    return { allocate: (): number => { ${body} const frame = Atomics.add(words, 0, 1); return frame < 2 ? firstFrame + frame : -1; }, free: () => -4 };
  },
});`;
const phases = [{ strategy: 'exhaustive' as const, scope: scopeOf({ frames: 2, threads: 2, ops: 1 }) }];
const hints = 'hints: ({ memory }: { memory: SharedArrayBuffer }) => [new Int32Array(memory, 4, 1)],';

test.each([
  ['two plain writes', 'ownWrite(words, 1, worker);', '', 'FP-RAC-1'],
  ['a plain read and an atomic write', 'if (worker === 0) Atomics.store(words, 1, 1); else ownRead(words, 1);', '', 'FP-RAC-1'],
  ['plain reads alone', 'ownRead(words, 1);', '', undefined],
  ['a plain write published by an atomic', 'if (worker === 0) { ownWrite(words, 1, 7); Atomics.store(words, 2, 1); } else if (Atomics.load(words, 2) === 1) ownRead(words, 1);', '', undefined],
  ['a plain write published by another word', 'if (worker === 0) { ownWrite(words, 1, 7); Atomics.store(words, 2, 1); } else if (Atomics.load(words, 3) === 0) ownRead(words, 1);', '', 'FP-RAC-1'],
  ['a failed compareExchange releases nothing', 'if (worker === 0) { ownWrite(words, 1, 7); Atomics.compareExchange(words, 2, 5, 6); } else { Atomics.compareExchange(words, 2, 0, 1); ownRead(words, 1); }', '', 'FP-RAC-1'],
  ['a hint on a declared cell', 'if (worker === 0) poke(words, 1, 7); else peek(words, 1);', hints, undefined],
  ['a hint on a cell that is not declared', 'if (worker === 0) poke(words, 2, 7); else peek(words, 2);', hints, 'FP-RAC-1'],
])('%s', async (_, body, more, invariant) => {
  expect(runCheck(await loadText(subject(body, more)), phases, { invariants: ['FP-RAC-1'] }).violations[0]?.invariant).toBe(invariant);
});
