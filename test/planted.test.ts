import { describe, expect, test } from 'vitest';
import { presets } from '../spec/plan.ts';
import { parseScenario } from '../spec/token.ts';
import { load, runCheck, type Plant } from './support/subjects.ts';

/** Bugs of the kinds that a change to the allocator is likely to bring, each planted in its source. */
const plants: readonly (Plant & { readonly name: string; readonly on?: string; readonly marked?: boolean })[] = [
  {
    name: 'the rollback of a claim over words is removed', on: 'builtin:hybrid-narrow', file: 'impl/small-runs.ts',
    from: '  releaseFrames(core, from, taken, true);\n', to: '',
  },
  { name: 'the rollback of a claim over chunks is removed', file: 'impl/large-runs.ts', from: '    releaseChunks(core, first, chunk - first);\n', to: '' },
  {
    name: 'a claim in a word is a load and a store', file: 'impl/small-runs.ts',
    from: 'const found = Atomics.compareExchange(words, at, seen, claimed(seen, entry, count));',
    to: 'const found = Atomics.load(words, at); if (found === seen) Atomics.store(words, at, claimed(seen, entry, count));',
  },
  {
    name: 'a free in a word is a load and a store', file: 'impl/small-runs.ts',
    from: 'const found = Atomics.compareExchange(words, at, seen, released(seen, entry, count));',
    to: 'const found = Atomics.load(words, at); if (found === seen) Atomics.store(words, at, released(seen, entry, count));',
  },
  {
    name: 'a claim of chunks is a load and a store', file: 'impl/large-runs.ts',
    from: 'const found = Atomics.compareExchange(words, at, seen, claimed(seen, entry, chunks));',
    to: 'const found = Atomics.load(words, at); if (found === seen) Atomics.store(words, at, claimed(seen, entry, chunks));',
  },
  { name: 'the mask of the last chunk is removed', file: 'impl/layout.ts', from: 'const there = isAvailable(shared, base + chunk * chunkFrames + frame);', to: 'const there = true;' },
  { name: 'a freed large run does not become available again', file: 'impl/large-runs.ts', from: '    releaseChunks(core, chunk, chunks);\n    releaseFrames', to: '    releaseFrames' },
  {
    name: 'a freed run of whole chunks does not become available again', file: 'impl/large-runs.ts',
    from: 'const found = Atomics.compareExchange(words, at, seen, released(seen, entry, chunks));', to: 'const found = Atomics.compareExchange(words, at, seen, seen);',
  },
  { name: 'frames are counted on a path that fails', marked: true, file: 'impl/hybrid.ts', from: '    if (frame < 0) return frame === none', to: '    if (this.hasMarks) this.count(count);\n    if (frame < 0) return frame === none' },
  { name: 'a refused free is counted', marked: true, file: 'impl/hybrid.ts', from: 'return this.refusal(frame, count);\n', to: '{ if (this.hasMarks) this.count(-count); return this.refusal(frame, count); }\n' },
  { name: 'free frames are counted without the last chunk', file: 'impl/hybrid.ts', from: 'for (let chunk = 0; chunk < chunks; chunk++) {', to: 'for (let chunk = 0; chunk < chunks - 1; chunk++) {' },
  { name: 'nobody waits for a flight', file: 'impl/out-of-memory.ts', from: '      inFlight = true;\n', to: '' },
  { name: 'a chunk that is whole again is taken before one in use', file: 'impl/small-runs.ts', from: 'if (start === chunk << core.chunkShift && isWhole(core, chunk)) {', to: 'if (start < 0) {' },
  { name: 'a closed chunk is broken before the others were looked at', file: 'impl/small-runs.ts', from: 'closed = chunk;\n', to: 'closed = chunk;\n    if (closed === chunk) break;\n' },
  { name: 'the pressure forgets its gap', marked: true, file: 'impl/layout.ts', from: 'framesFree >= low + gap ? 0', to: 'framesFree >= low ? 0' },
];

const { phases } = presets.ci;

/** Beyond what a preset reaches: A answers out-of-memory while the claim of B is beaten twice by C. */
const beatenTwice = 'f4c4o2 | B: a=allocate(2) C: b=allocate(1); allocate(1) B: free(a) C: free(b) | A: allocate(1) B: allocate(3) C: c=allocate(1); free(c); allocate(1)';

describe('a bug planted in the hybrid allocator is found with at most six commands', () => {
  test.each(plants)('$name', async ({ on, marked, ...plant }) => {
    const report = runCheck(await load(on ?? 'builtin:hybrid', [plant]), phases.filter(({ scope }) => marked !== true || scope.marks !== undefined));
    expect(report.verdict).toBe('violated');
    expect(report.violations[0]?.counterexample.commands).toBeLessThanOrEqual(6);
  });
});

test('a flight that comes and goes moves the sequence number, or out-of-memory is answered falsely', async () => {
  const silent = { file: 'impl/core.ts', from: '    this.seq = (this.seq + 2) | 0;\n', to: '' };
  const report = runCheck(await load('builtin:hybrid-narrow', [silent]), [], { scenarios: [parseScenario(beatenTwice)], shrinkExecutions: 0 });
  expect(report.violations.map(({ invariant }) => invariant)).toEqual(['FP-OOM-1']);
});
