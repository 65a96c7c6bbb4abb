import { describe, expect, test } from 'vitest';
import { explore } from '../spec/explore/scheduler.ts';
import { Models } from '../spec/models.ts';
import { presets } from '../spec/plan.ts';
import { ScenarioJudge } from '../spec/scenario-judge.ts';
import { parseScenario } from '../spec/token.ts';
import { Legs } from './support/legs.ts';
import { load, runCheck, type Plant } from './support/subjects.ts';

/** Bugs of the kinds that a change to the allocator is likely to bring, each planted in its source. */
const plants: readonly (Plant & { readonly name: string; readonly on?: string; readonly marked?: boolean; readonly commandsMax?: number })[] = [
  {
    name: 'the rollback of a claim over words is removed', on: 'builtin:hybrid-narrow', file: 'impl/small-runs.ts',
    from: '  releaseFrames(core, from, taken, true);\n', to: '',
  },
  { name: 'the rollback of a claim over chunks is removed', file: 'impl/large-runs.ts', from: '    releaseChunks(core, first, chunk - first);\n', to: '' },
  {
    name: 'a claim in a word is a load and a store', file: 'impl/entries.ts',
    from: 'const found = Atomics.compareExchange(words, at, seen, claimed(seen, entry, count));',
    to: 'const found = Atomics.load(words, at); if (found === seen) Atomics.store(words, at, claimed(seen, entry, count));',
  },
  {
    name: 'a free in a word is a load and a store', file: 'impl/entries.ts',
    from: 'const found = Atomics.compareExchange(words, at, seen, released(seen, entry, count));',
    to: 'const found = Atomics.load(words, at); if (found === seen) Atomics.store(words, at, released(seen, entry, count));',
  },
  {
    name: 'a claim of one frame is a load and a store', file: 'impl/hybrid.ts',
    from: 'if (bit === 0 || Atomics.compareExchange(words, hintAt, seen, seen ^ (bit | (bit << 16))) !== seen) return',
    to: 'if (bit !== 0 && Atomics.load(words, hintAt) === seen) Atomics.store(words, hintAt, seen ^ (bit | (bit << 16)));\n    else return',
  },
  {
    name: 'a free of one frame is a load and a store', file: 'impl/hybrid.ts',
    from: 'if (Atomics.compareExchange(words, at, seen, seen ^ (0x1_0001 << entry)) !== seen) return',
    to: 'if (Atomics.load(words, at) === seen) Atomics.store(words, at, seen ^ (0x1_0001 << entry));\n    else return',
  },
  {
    name: 'a claim of one chunk is a load and a store', file: 'impl/hybrid.ts',
    from: 'if (bit !== 0 && Atomics.compareExchange(words, chunkHintAt, seen, seen ^ (bit | (bit << 16))) === seen) {',
    to: 'if (bit !== 0 && Atomics.load(words, chunkHintAt) === seen) {\n        Atomics.store(words, chunkHintAt, seen ^ (bit | (bit << 16)));',
  },
  {
    name: 'a free of one chunk is a load and a store', file: 'impl/hybrid.ts',
    from: 'if (Atomics.compareExchange(words, at, seen, seen ^ (0x1_0001 << entry)) === seen) {',
    to: 'if (Atomics.load(words, at) === seen) {\n            Atomics.store(words, at, seen ^ (0x1_0001 << entry));',
  },
  { name: 'a free of one frame does not look at the next one', file: 'impl/hybrid.ts', from: ' || (entry !== entryMask && (from & 0x2_0002) === 0)', to: '' },
  { name: 'the mask of the last chunk is removed', file: 'impl/layout.ts', from: 'const there = isAvailable(shared, base + chunk * chunkFrames + frame);', to: 'const there = true;' },
  { name: 'a freed large run does not become available again', file: 'impl/large-runs.ts', from: '    releaseChunks(core, chunk, chunks);\n    releaseFrames', to: '    releaseFrames' },
  { name: 'a freed run does not become available again', file: 'impl/entries.ts', from: 'const found = Atomics.compareExchange(words, at, seen, released(seen, entry, count));', to: 'const found = Atomics.compareExchange(words, at, seen, seen);' },
  { name: 'a whole block of a run does not become available again', on: 'builtin:hybrid-narrow', file: 'impl/pieces.ts', from: '      Atomics.xor(words, at, run(block, blocks));\n', to: '' },
  {
    name: 'a whole block of a run is claimed with a load and a store', on: 'builtin:hybrid-narrow', file: 'impl/pieces.ts',
    from: 'const found = Atomics.compareExchange(core.words, at, seen, seen & ~run(entry, blocks));',
    to: 'const found = Atomics.load(core.words, at); if (found === seen) Atomics.store(core.words, at, seen & ~run(entry, blocks));',
  },
  {
    name: 'a block or chunk is broken with a load and a store', on: 'builtin:hybrid-narrow', file: 'impl/pieces.ts',
    from: 'const found = Atomics.compareExchange(words, at, seen, seen | delegation(entry));',
    to: 'const found = Atomics.load(words, at); if (found === seen) Atomics.store(words, at, seen | delegation(entry));',
  },
  {
    name: 'words of a chunk that is closed in vain stay closed', commandsMax: 8, on: 'builtin:hybrid-narrow', file: 'impl/pieces.ts',
    from: 'if ((closed & (1 << entry)) !== 0) Atomics.store(words, below + entry, allFree);', to: 'if (closed < 0) return false;',
  },
  { name: 'a word of blocks is closed with a store', on: 'builtin:hybrid-narrow', file: 'impl/pieces.ts', from: 'const found = Atomics.compareExchange(words, at, seen, 0);', to: 'const found = seen; Atomics.store(words, at, 0);' },
  { name: 'closed blocks are forgotten by a validation', on: 'builtin:hybrid-narrow', file: 'impl/out-of-memory.ts', from: 'let free = isFree(blocks, block) ? core.allFree : 0;', to: 'let free = 0;' },
  { name: 'frames are counted on a path that fails', marked: true, file: 'impl/hybrid.ts', from: '    if (frame === none) return errors', to: '    if (this.hasMarks && frame === none) this.count(count);\n    if (frame === none) return errors' },
  { name: 'a refused free is counted', marked: true, file: 'impl/hybrid.ts', from: 'return this.refusal(frame, count);\n', to: '{ if (this.hasMarks) this.count(-count); return this.refusal(frame, count); }\n' },
  { name: 'free frames are counted without the last chunk', file: 'impl/hybrid.ts', from: 'for (let chunk = 0; chunk < chunks; chunk++) {', to: 'for (let chunk = 0; chunk < chunks - 1; chunk++) {' },
  { name: 'nobody waits for a flight', file: 'impl/out-of-memory.ts', from: '      inFlight = true;\n', to: '' },
  { name: 'a chunk that is whole again is taken before one in use', file: 'impl/small-runs.ts', from: 'if (isWhole(core, chunk)) {', to: 'if (start < 0) {' },
  { name: 'a closed chunk is broken before the others were looked at', file: 'impl/small-runs.ts', from: 'closed = chunk;\n', to: 'closed = chunk;\n    if (closed === chunk) break;\n' },
  { name: 'the pressure forgets its gap', marked: true, file: 'impl/layout.ts', from: 'framesFree >= low + gap ? 0', to: 'framesFree >= low ? 0' },
];

const { phases } = presets.ci;

/** Beyond what a preset reaches: A answers out-of-memory while the claim of B is beaten twice by C. */
const beatenTwice = 'f4c4o2 | B: a=allocate(2) C: b=allocate(1); allocate(1) B: free(a) C: free(b) | A: allocate(1) B: allocate(3) C: c=allocate(1); free(c); allocate(1)';

describe('a bug planted in the hybrid allocator is found with few commands', () => {
  test.each(plants)('$name', async ({ on, marked, commandsMax = 6, ...plant }) => {
    const report = runCheck(await load(on ?? 'builtin:hybrid', [plant]), phases.filter(({ scope }) => marked !== true || scope.marks !== undefined));
    expect(report.verdict).toBe('violated');
    expect(report.violations[0]?.counterexample.commands).toBeLessThanOrEqual(commandsMax);
  });
});

test('a flight that comes and goes moves the sequence number, or out-of-memory is answered falsely', async () => {
  const silent = { file: 'impl/core.ts', from: '    this.seq = (this.seq + 2) | 0;\n', to: '' };
  // The passes that a machine needs which does not reorder; the others hide it in so small a scenario.
  const passes = { file: 'impl/out-of-memory.ts', from: 'const passes = 2 * (workers - 1) + 1;', to: 'const passes = 2;' };
  const report = runCheck(await load('builtin:hybrid-narrow', [silent, passes]), [], { scenarios: [parseScenario(beatenTwice)], shrinkExecutions: 0 });
  expect(report.violations.map(({ invariant }) => invariant)).toEqual(['FP-OOM-1']);
});

/** While A validates, a free frame hops behind its back: B frees one where A has looked already, D takes the one where A has not looked yet. */
const hopping =
  'f8c4o2 | B: z=allocate(1); w=allocate(1) C: c=allocate(1); d=allocate(1) A: v=allocate(1); u=allocate(1) B: y=allocate(1) D: e=allocate(1) C: free(c)' +
  ' | A: allocate(1) B: free(y); free(z) C: allocate(1) D: allocate(1)';

/** What is found when A is interrupted twice, anywhere: by B, itself interrupted by C, and by the rest of B and D. */
async function hops(plants: readonly Plant[]): Promise<{ executions: number; found: readonly string[] }> {
  const judge = new ScenarioJudge(await load('builtin:hybrid-narrow', plants), parseScenario(hopping), new Models());
  const [a, b, c, d] = [0, 1, 2, 3];
  const found = new Set<string>();
  let executions = 0;
  if (judge.execution === undefined) throw new Error('the prefix fails');
  for (const ending of explore(judge.execution, new Legs([{ thread: a, cut: true }, { thread: b, cut: true }, { thread: c }, { thread: a, cut: true }, { thread: b }, { thread: d }, { thread: a }]))) {
    executions++;
    const finding = judge.judge(ending);
    if (finding !== undefined) found.add(finding.invariant);
  }
  return { executions, found: [...found] };
}

test('a free frame that hops behind a validation is no out-of-memory: a release that was not announced is one for each worker', async () => {
  const { executions, found } = await hops([]);
  expect(executions).toBeGreaterThan(1000);
  expect(found).toEqual([]);
  const once = { file: 'impl/out-of-memory.ts', from: 'const passes = 2 * (workers - 1) + 1;', to: 'const passes = 1;' };
  expect((await hops([once])).found).toEqual(['FP-OOM-1']);
});
