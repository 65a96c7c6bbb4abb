import type { LitmusStep, LitmusTest } from '../spec/explore/litmus.ts';

// The two of the programs whose numbers of executions GenMC publishes that have the most, for measuring the explorer by. `then` is a key of
// the notation, so .oxlintrc.json lets it stand here.

const load = (cell: string, reg: string): LitmusStep => ({ op: 'load', cell, reg });
const store = (cell: string, val: number): LitmusStep => ({ op: 'store', cell, val });
/** Each of the two adds the other's last number to its own, five times. */
const adding = (own: string): readonly LitmusStep[] =>
  Array.from({ length: 5 }, () => [load('x', 'p'), load('y', 'q'), { op: 'store', cell: own, val: ['+', 'p', 'q'] } satisfies LitmusStep]).flat();
const counting = (a: string, b: string): readonly LitmusStep[] => [1, 2, 3].flatMap((value) => [store(a, value), store(b, value)]);

export const fibonacci: LitmusTest = {
  name: 'fib_bench',
  initial: { x: 1, y: 1 },
  threads: [adding('x'), adding('y'), [load('x', 'a'), { op: 'if', cond: ['<=', 'a', 144], then: [load('y', 'b')], else: [] }]],
};

export const big: LitmusTest = {
  name: 'big0',
  initial: { x: 0, y: 0, z: 0, w: 0 },
  threads: [['x', 'y', 'z', 'w', 'x', 'y', 'z'], ['x', 'y', 'z']].map((cells) => cells.map((cell, at) => load(cell, `r${at}`))).concat([counting('x', 'y') as LitmusStep[], counting('z', 'w') as LitmusStep[]]),
};
