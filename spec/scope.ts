import type { Features, Geometry, Limits } from './contract.ts';
import { whyNoGeometry } from './token.ts';

/** The bounds of a set of scenarios. */
export interface Scope {
  readonly frames: number;
  readonly chunkFrames: number;
  readonly maxOrder: number;
  readonly firstFrame: number;
  readonly reserved: Geometry['reserved'];
  readonly marks?: Geometry['marks'];
  readonly threads: number;
  /** Commands of each thread. */
  readonly ops: number;
  /** Commands of the prefix, at most. */
  readonly prefixOps: number;
  /** Counts asked for, at most. */
  readonly countMax: number;
  /** What the subject takes at most, even by mistake. */
  readonly countLimit: number;
  /** Whether every kind of wrong request is enumerated: frees by number at the edges of the range, of no frame, inside a run; counts of 0 and beyond the largest block. */
  readonly misuse: boolean;
}

/** The least order whose block holds all of the frames, at least a chunk: so that any count can be asked for. */
export const orderFor = (frames: number, chunkFrames: number): number => Math.max(Math.ceil(Math.log2(frames)), Math.log2(chunkFrames));

export function scopeOf(part: Partial<Scope> & Pick<Scope, 'frames' | 'threads' | 'ops'>): Scope {
  const chunkFrames = part.chunkFrames ?? (part.frames < 4 ? 2 : 4);
  return {
    firstFrame: 0,
    reserved: [],
    prefixOps: 0,
    misuse: false,
    countLimit: Infinity,
    maxOrder: orderFor(part.frames, chunkFrames),
    countMax: Math.min(part.frames, chunkFrames),
    ...part,
    chunkFrames,
  };
}

export function geometryOf(scope: Scope): Geometry {
  const { frames, firstFrame, chunkFrames, maxOrder, reserved, marks } = scope;
  return { frames, firstFrame, chunkFrames, maxOrder, workers: Math.max(1, scope.threads), reserved, ...(marks === undefined ? {} : { marks }) };
}

/** The scope as far as the subject goes along, or why it does not at all. */
export function within(scope: Scope, limits: Limits | undefined, features: Features): Scope | string {
  const { framesMax = Infinity, countMax = Infinity, workersMax = Infinity } = limits ?? {};
  if (scope.threads > workersMax) return `${scope.threads} threads: the subject takes at most ${workersMax} workers`;
  if (scope.frames > framesMax) return `${scope.frames} frames: the subject takes at most ${framesMax}`;
  const why = whyNoGeometry(geometryOf(scope));
  if (why !== undefined) return why;
  return { ...scope, countLimit: countMax, countMax: Math.min(scope.countMax, countMax, features.contiguous === true ? Infinity : 1, 2 ** scope.maxOrder) };
}

/** `2 threads × 2 commands, 8 frames in chunks of 4`. */
export function describeScope(scope: Scope): string {
  const { threads, ops, frames, chunkFrames, firstFrame, reserved, prefixOps, marks, countMax, misuse } = scope;
  const extra = [
    firstFrame === 0 ? '' : ` from ${firstFrame}`,
    reserved.length === 0 ? '' : `, ${reserved.reduce((sum, { count }) => sum + count, 0)} reserved`,
    marks === undefined ? '' : ', watermarks',
    prefixOps === 0 ? '' : `, prefix ≤ ${prefixOps}`,
    `, counts ≤ ${countMax}`,
    misuse ? ', every misuse' : '',
  ].join('');
  return `${threads} thread${threads === 1 ? '' : 's'} × ${ops} command${ops === 1 ? '' : 's'}, ${frames} frame${frames === 1 ? '' : 's'}${chunkFrames < frames ? ` in chunks of ${chunkFrames}` : ''}${extra}`;
}
