/**
 * What a frame allocator is to the harness: the geometry it is given, the handle it answers through, the subject that wraps both.
 * Types only, so that `model/` and `impl/` can share the words without sharing a line of code.
 */

/** Why a request failed. Negative, so that a response is one number: a frame (≥ 0), 0, or one of these. */
export type ErrorCode = -1 | -2 | -3 | -4 | -5 | -6 | -7 | -8 | -9;
/** Names of the error codes, by code. */
export interface ErrorNames {
  readonly OutOfMemory: -1;
  /** Not a whole number from 1 to the largest block. */
  readonly InvalidCount: -2;
  /** Outside what is managed, or unaligned. */
  readonly InvalidFrame: -3;
  /** The first frame is not allocated: a double or a foreign free. */
  readonly NotAllocated: -4;
  /** Not exactly one live allocation. */
  readonly SizeMismatch: -5;
  readonly Reserved: -6;
  readonly InvalidNode: -7;
  readonly InvalidZone: -8;
  readonly Offline: -9;
}

/** `count` consecutive frames from `start` (absolute frame numbers). */
export interface FrameRange {
  readonly start: number;
  readonly count: number;
}

/** Free-frame marks of a zone: pressure falls below a mark as the free frames go under it, and rises only at the mark plus `gap`. In frames, critical ≤ min ≤ low. */
export interface Watermarks {
  readonly low: number;
  readonly min: number;
  readonly critical: number;
  readonly gap: number;
}

/** ok → low → min → critical, as the free frames fall. */
export type PressureLevel = 'ok' | 'low' | 'min' | 'critical';

/** The memory that an allocator manages. Frame numbers are absolute; alignment is relative to frame 0, as hardware needs it. */
export interface Geometry {
  /** Frames managed, reserved ones included: firstFrame … firstFrame + frames − 1. */
  readonly frames: number;
  readonly firstFrame: number;
  /** Frames of a chunk, a power of two: smaller requests lie inside one. */
  readonly chunkFrames: number;
  /** The largest block is 2^maxOrder frames. */
  readonly maxOrder: number;
  readonly workers: number;
  readonly reserved: readonly FrameRange[];
  /** Without marks no pressure is kept. */
  readonly marks?: Watermarks;
  readonly nodes?: readonly (FrameRange & { readonly distances: readonly number[] })[];
  readonly zones?: readonly (FrameRange & { readonly zone: ZoneName; readonly node: number })[];
}

export type ZoneName = 'dma' | 'normal' | 'highmem' | 'device';

/** What a request may ask for beside its count. A key is sent only if the subject declares its feature. */
export interface Request {
  /** In frames, a power of two. */
  readonly align?: number;
  readonly zone?: ZoneName;
  readonly node?: number;
  readonly emergency?: boolean;
}

/**
 * Which runs suit a request. `any`: any start. `chunk`: a count below the chunk size lies inside one chunk, a larger one starts on a
 * chunk boundary. `buddy`: starts at a multiple of the next power of two.
 */
export type Placement = 'any' | 'chunk' | 'buddy';

/** What a subject can do; scenarios use nothing that is not declared. */
export interface Features {
  /** count > 1 */
  readonly contiguous?: boolean;
  readonly align?: boolean;
  /** Only counts that are powers of two. */
  readonly orders?: boolean;
  /** Has drain and park. */
  readonly caches?: boolean;
  readonly zones?: boolean;
  readonly nodes?: boolean;
  readonly emergency?: boolean;
  /** Survives a stopped thread: bury, recover. */
  readonly crash?: boolean;
  /** Answers the error numbers of the contract exactly. */
  readonly exactErrors?: boolean;
}

export interface Limits {
  readonly framesMax?: number;
  readonly countMax?: number;
  readonly workersMax?: number;
}

/** Bounds on the own steps of one operation: at most `steps` + `perInterference` × accesses of others that interfere. */
export interface ProgressBound {
  readonly kind: 'lock-free' | 'obstruction-free' | 'blocking';
  readonly steps?: number;
  readonly perInterference?: number;
}
export type Progress = ProgressBound['kind'] | ProgressBound;

/**
 * Choices that an allocator promises to make well when nobody is beside it. `keeps-chunks`: frames of a wholly free chunk are taken only if no
 * chunk in use has room, or if the worker's own last smaller run was in that chunk.
 */
export type Policy = 'keeps-chunks';

/** One worker's way to the allocator. */
export interface Handle {
  /** The first frame (≥ 0) of `count` consecutive ones, now owned by the caller, or an {@link ErrorCode}. */
  allocate(count: number, request?: Request): number;
  /** 0 if `frame`, `count` was exactly one live allocation, now free; otherwise an {@link ErrorCode}, and nothing has changed. */
  free(frame: number, count: number): number;
  /** This worker's cache given back on request. */
  drain?(): number;
  /** This worker's cache given back before it stops for good. */
  park?(): number;
  /** A dead worker's cache given back. */
  bury?(worker: number): number;
  /** Free and cached frames as the allocator counts them: exact at quiescence, frames − reserved at the start. */
  framesFree?(): number;
  /** The pressure as the allocator keeps it: 0 ok, 1 low, 2 min, 3 critical. Asked only when the geometry has marks. */
  pressure?(): number;
}

/** What a frame is, seen from outside. */
export type ObservedFrame = 'free' | 'allocated' | 'reserved' | 'isolated' | 'offline' | { readonly cached: number };

/** An allocator under judgement. `Shared` is plain data and SharedArrayBuffers (structuredClone-able). */
export interface Subject<Shared = unknown> {
  readonly name: string;
  readonly features?: Features;
  readonly limits?: Limits;
  /** Default `any`. */
  readonly placement?: Placement;
  readonly progress?: Readonly<Record<string, Progress>>;
  /** Functions in which an operation may wait for another worker, also for a dead one until bury() says that it is. */
  readonly waitingPoints?: readonly string[];
  /** Default none. */
  readonly policy?: readonly Policy[];
  /** Lays out empty shared memory. */
  create(geometry: Geometry): Shared;
  /** The handle of one worker; called in that worker's thread, never concurrently with operations. */
  attach(shared: Shared, worker: number): Handle;
  /** One entry a frame, index 0 = firstFrame. Called at quiescence only. */
  observe?(shared: Shared): readonly ObservedFrame[];
  /** The views whose cells may be read by `peek` and written by `poke` without a race: hints on which no decision rests. */
  hints?(shared: Shared): readonly ArrayBufferView[];
  /** After a crash, at quiescence only. */
  recover?(shared: Shared): void;
}
