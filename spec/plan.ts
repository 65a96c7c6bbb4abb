import { scopeOf, type Scope } from './scope.ts';

/** What can be asked for with a scope. */
export type Strategy = 'exhaustive' | 'bounded' | 'pct' | 'random';
export const strategies: readonly Strategy[] = ['exhaustive', 'bounded', 'pct', 'random'];

/** One part of a check. Sized in counts, never in seconds. */
export type Phase =
  /** Every scenario of the scope, every execution of each. */
  | { readonly strategy: 'exhaustive'; readonly scope: Scope }
  /** Every scenario of the scope, every execution of each that needs at most so many preemptions. */
  | { readonly strategy: 'bounded'; readonly scope: Scope; readonly preemptions: number }
  /** Generated scenarios, `executions` of each by random priorities that find bugs of a depth (ordering constraints) with a known probability. */
  | { readonly strategy: 'pct'; readonly scope: Scope; readonly scenarios: number; readonly executions: number; readonly depth: number }
  /** Generated scenarios; `executions` of each: all of them if they are fewer, else random walks. */
  | { readonly strategy: 'random'; readonly scope: Scope; readonly scenarios: number; readonly executions: number }
  /** Generated scenarios; all executions of each if they are at most `executions`, else as many by each of the other strategies. */
  | { readonly strategy: 'portfolio'; readonly scope: Scope; readonly scenarios: number; readonly executions: number; readonly preemptions: number; readonly depth: number }
  /** Every scenario of the scope, with each set of at most `crashes` threads stopped for ever at each of their steps, every execution of each. */
  | { readonly strategy: 'crash'; readonly scope: Scope; readonly crashes: number }
  /** Likewise, with any set of threads stopped, for subjects that promise progress. */
  | { readonly strategy: 'progress'; readonly scope: Scope }
  /** Every scenario of the scope, every execution of each, hint reads giving older writes as well, for subjects that declare hints. */
  | { readonly strategy: 'stale'; readonly scope: Scope };

/** Whether a phase sets out to run every execution of what it explores. */
export const isExhaustive = (strategy: Phase['strategy']): boolean => ['exhaustive', 'crash', 'progress', 'stale'].includes(strategy);

export type PresetName = 'smoke' | 'ci' | 'nightly';

export interface Preset {
  readonly name: PresetName;
  readonly summary: string;
  readonly phases: readonly Phase[];
}

const small = (part: Partial<Scope> & Pick<Scope, 'frames' | 'threads' | 'ops'>): Scope => scopeOf(part);
/** Two chunks of four, the second of them short; frame numbers that start inside a chunk; a reserved frame in the middle. */
const tail = { frames: 7, chunkFrames: 4 } as const;
const unaligned = { frames: 6, chunkFrames: 4, firstFrame: 6 } as const;
const holed = { frames: 8, chunkFrames: 4, reserved: [{ start: 5, count: 1 }] } as const;
const marked = { frames: 8, chunkFrames: 4, marks: { low: 5, min: 3, critical: 1, gap: 2 } } as const;

// Choices are judged where nobody is beside: long prefixes and single threads; chunks of several words.
const choices: readonly Phase[] = [
  { strategy: 'random', scope: small({ frames: 12, chunkFrames: 4, threads: 1, ops: 8, prefixOps: 6, countMax: 6 }), scenarios: 400, executions: 1 },
  { strategy: 'random', scope: small({ frames: 20, chunkFrames: 4, threads: 3, ops: 1, prefixOps: 9, countMax: 6 }), scenarios: 200, executions: 1 },
  { strategy: 'random', scope: small({ frames: 40, chunkFrames: 8, firstFrame: 3, maxOrder: 3, threads: 1, ops: 10, prefixOps: 8, countMax: 8 }), scenarios: 200, executions: 1 },
];

const smoke: readonly Phase[] = [
  { strategy: 'exhaustive', scope: small({ frames: 2, chunkFrames: 2, threads: 2, ops: 1, prefixOps: 2 }) },
  { strategy: 'exhaustive', scope: small({ frames: 4, chunkFrames: 4, threads: 2, ops: 1, prefixOps: 1 }) },
  { strategy: 'exhaustive', scope: small({ ...unaligned, threads: 2, ops: 1 }) },
  { strategy: 'exhaustive', scope: small({ ...unaligned, threads: 1, ops: 2, misuse: true }) },
  { strategy: 'random', scope: small({ frames: 8, chunkFrames: 4, threads: 2, ops: 3, prefixOps: 3, countMax: 8 }), scenarios: 100, executions: 200 },
];

const ci: readonly Phase[] = [
  { strategy: 'exhaustive', scope: small({ frames: 2, chunkFrames: 2, threads: 2, ops: 2, countMax: 1 }) },
  { strategy: 'exhaustive', scope: small({ frames: 2, chunkFrames: 2, threads: 2, ops: 1, prefixOps: 2 }) },
  { strategy: 'exhaustive', scope: small({ frames: 4, chunkFrames: 4, threads: 2, ops: 1, prefixOps: 2 }) },
  { strategy: 'exhaustive', scope: small({ ...tail, threads: 2, ops: 1, countMax: 7 }) },
  { strategy: 'exhaustive', scope: small({ ...unaligned, threads: 2, ops: 1 }) },
  { strategy: 'exhaustive', scope: small({ ...holed, threads: 2, ops: 1, prefixOps: 1, countMax: 3 }) },
  { strategy: 'exhaustive', scope: small({ ...marked, threads: 2, ops: 1, countMax: 4 }) },
  { strategy: 'exhaustive', scope: small({ ...holed, threads: 1, ops: 2, misuse: true }) },
  { strategy: 'exhaustive', scope: small({ ...unaligned, threads: 1, ops: 3, misuse: true, countMax: 3 }) },
  { strategy: 'crash', scope: small({ frames: 4, chunkFrames: 4, threads: 2, ops: 1, prefixOps: 1 }), crashes: 1 },
  { strategy: 'crash', scope: small({ frames: 2, chunkFrames: 2, threads: 2, ops: 2, countMax: 1 }), crashes: 1 },
  { strategy: 'crash', scope: small({ ...tail, threads: 2, ops: 1, countMax: 7 }), crashes: 1 },
  { strategy: 'progress', scope: small({ frames: 4, chunkFrames: 4, threads: 2, ops: 1, prefixOps: 1 }) },
  { strategy: 'stale', scope: small({ frames: 4, chunkFrames: 4, threads: 2, ops: 1, prefixOps: 1 }) },
  { strategy: 'stale', scope: small({ frames: 2, chunkFrames: 2, threads: 2, ops: 1, prefixOps: 2 }) },
  { strategy: 'progress', scope: small({ frames: 2, chunkFrames: 2, threads: 2, ops: 2, countMax: 1 }) },
  ...choices,
  { strategy: 'random', scope: small({ frames: 8, chunkFrames: 4, threads: 2, ops: 3, prefixOps: 3, countMax: 8 }), scenarios: 500, executions: 400 },
  { strategy: 'random', scope: small({ ...tail, threads: 3, ops: 2, prefixOps: 3, countMax: 7 }), scenarios: 200, executions: 400 },
  { strategy: 'random', scope: small({ frames: 21, chunkFrames: 8, firstFrame: 3, threads: 2, ops: 6, prefixOps: 4, countMax: 16 }), scenarios: 150, executions: 200 },
  { strategy: 'random', scope: small({ ...marked, threads: 2, ops: 3, prefixOps: 2, countMax: 8 }), scenarios: 150, executions: 200 },
];

const nightly: readonly Phase[] = [
  ...ci,
  { strategy: 'stale', scope: small({ frames: 4, chunkFrames: 4, threads: 2, ops: 1, prefixOps: 2 }) },
  { strategy: 'stale', scope: small({ ...tail, threads: 2, ops: 1, countMax: 7 }) },
  { strategy: 'exhaustive', scope: small({ frames: 2, chunkFrames: 2, threads: 2, ops: 2 }) },
  { strategy: 'exhaustive', scope: small({ ...tail, threads: 2, ops: 1, prefixOps: 1, countMax: 7 }) },
  { strategy: 'exhaustive', scope: small({ frames: 8, chunkFrames: 4, threads: 2, ops: 1, prefixOps: 2, countMax: 8 }) },
  { strategy: 'exhaustive', scope: small({ frames: 8, chunkFrames: 4, threads: 2, ops: 2 }) },
  { strategy: 'bounded', scope: small({ frames: 4, chunkFrames: 4, threads: 3, ops: 1, prefixOps: 1 }), preemptions: 2 },
  { strategy: 'portfolio', scope: small({ frames: 16, chunkFrames: 4, threads: 3, ops: 3, prefixOps: 4, countMax: 12 }), scenarios: 2000, executions: 1000, preemptions: 2, depth: 3 },
  { strategy: 'portfolio', scope: small({ frames: 40, chunkFrames: 8, firstFrame: 5, threads: 3, ops: 6, prefixOps: 6, countMax: 20 }), scenarios: 2000, executions: 500, preemptions: 1, depth: 3 },
];

export const presets: Readonly<Record<PresetName, Preset>> = {
  smoke: { name: 'smoke', summary: 'a first look: 2 threads, at most 8 frames', phases: smoke },
  ci: { name: 'ci', summary: 'every change: up to 3 threads, tails, reserved frames, unaligned ranges, watermarks', phases: ci },
  nightly: { name: 'nightly', summary: 'ci, then larger scopes exhaustively or within a bound, and long scenarios by a portfolio of strategies', phases: nightly },
};
