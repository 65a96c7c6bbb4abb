import { join } from 'node:path';
import type { InvariantId } from '../../spec/invariants.ts';
import type { Phase } from '../../spec/plan.ts';
import { scopeOf, type Scope } from '../../spec/scope.ts';
import type { Plant } from '../support/subjects.ts';

/** An allocator with one mistake, and what must be said of it. Sizes are those of the smallest scenario known before the checker first ran on it. */
export interface Canary {
  readonly id: string;
  /** The mistake, in a few words. */
  readonly mistake: string;
  readonly subject: string;
  /** The mistake, if it is planted in an allocator that has none. */
  readonly plants?: readonly Plant[];
  /** The same without its mistake. */
  readonly repaired: string;
  readonly invariant: InvariantId;
  /** Commands of the smallest scenario known; the counterexample may have one more. */
  readonly commands: number;
  /** Preemptions that the smallest scenario known needs; 0 for a sequential one. */
  readonly preemptions: number;
  readonly phases: readonly Phase[];
  /** Left out: the canary's phases. */
  readonly repairedPhases?: readonly Phase[];
}

/** A defect that no canary stands for yet, and what it waits for. */
export interface Waiting {
  readonly id: string;
  readonly mistake: string;
  readonly needs: string;
}

export const here = (name: string): string => join(import.meta.dirname, `${name}.subject.ts`);
export const exhaustive = (scope: Partial<Scope> & Pick<Scope, 'frames' | 'threads' | 'ops'>): Phase[] => [{ strategy: 'exhaustive', scope: scopeOf(scope) }];
