import type { Stopped } from './crashes.ts';
import { Dpor } from './explore/dpor.ts';
import { PriorityWalks } from './explore/pct.ts';
import { BoundedPreemptions } from './explore/preemptions.ts';
import { RandomWalks } from './explore/random.ts';
import type { Scheduler } from './explore/scheduler.ts';
import { mixed, randomFrom } from './seeds.ts';

/** How the executions of one scenario are searched. Plain data, so that another thread can do it. */
export type Search =
  /** All of them, in slices; with `stale`, also those in which hint reads give older writes. */
  | { readonly kind: 'exhaustive'; readonly stale?: boolean }
  /** All that need at most so many preemptions, with none first; given up after so many runs. */
  | { readonly kind: 'bounded'; readonly preemptions: number; readonly runsMax: number }
  /** So many executions by random priorities. */
  | { readonly kind: 'pct'; readonly depth: number; readonly executions: number; readonly seed: number }
  /** So many by the reduced search; if those are not all, as many random walks. */
  | { readonly kind: 'random'; readonly executions: number; readonly seed: number }
  /** So many by the reduced search; if those are not all, as many runs within the bound, as many by priorities and as many random walks. */
  | { readonly kind: 'portfolio'; readonly preemptions: number; readonly depth: number; readonly executions: number; readonly seed: number }
  /** All of them with threads stopped for ever in every way, `executionsMax` of each way at most. */
  | { readonly kind: 'stopped'; readonly stopped: readonly Stopped[]; readonly executionsMax: number };

/** A search that goes from one scheduler to the next. */
export type Sampling = Exclude<Search, { readonly kind: 'exhaustive' | 'stopped' }>;

/** How far a scenario was searched. */
export interface Reach {
  /** Whether all of its executions were run. */
  readonly all: boolean;
  /** Whether all were that need no more preemptions than the bound. */
  readonly bound: boolean;
  /** A lower bound of the probability that a bug of the depth asked for was found, if there is one. */
  readonly probability?: number;
}

/** One of the schedulers that a scenario is searched with, one after the other until one has run everything. */
export interface Turn {
  readonly scheduler: Scheduler;
  readonly runsMax: number;
  /** What is known if the scheduler has come to its end, or to its most runs. */
  reach(ended: boolean): Reach;
}

export function turnsOf(search: Sampling, threads: number, stepsMax: number): readonly Turn[] {
  const reduced = (runsMax: number): Turn => ({ scheduler: new Dpor(stepsMax, 31), runsMax, reach: (ended) => ({ all: ended, bound: ended }) });
  if (search.kind === 'bounded') return [bounded(search.preemptions, search.runsMax, threads, stepsMax)];
  const { executions, seed } = search;
  const walks = (): Turn => ({ scheduler: new RandomWalks(executions, randomFrom(seed)), runsMax: Infinity, reach: () => ({ all: false, bound: false }) });
  if (search.kind === 'random') return [reduced(executions), walks()];
  if (search.kind === 'pct') return [threads === 1 ? reduced(executions) : priorities(search.depth, executions, threads, seed)];
  return [reduced(executions), bounded(search.preemptions, executions, threads, stepsMax), priorities(search.depth, executions, threads, mixed(seed, 1)), walks()];
}

function bounded(preemptions: number, runsMax: number, threads: number, stepsMax: number): Turn {
  const scheduler = new BoundedPreemptions(stepsMax, threads, preemptions);
  return { scheduler, runsMax, reach: (ended) => ({ all: ended && !scheduler.limited, bound: ended }) };
}

function priorities(depth: number, executions: number, threads: number, seed: number): Turn {
  const scheduler = new PriorityWalks(executions, threads, depth, randomFrom(seed));
  return { scheduler, runsMax: Infinity, reach: () => ({ all: false, bound: false, probability: scheduler.probability }) };
}

/** What is known when both were tried. */
export const joined = (one: Reach, other: Reach): Reach => {
  const probability = other.probability ?? one.probability;
  return { all: one.all || other.all, bound: one.bound || other.bound, ...(probability === undefined ? {} : { probability }) };
};
