import { LongRun, type Operation } from '../model/index.ts';
import type { Geometry, Handle, ObservedFrame, PressureLevel } from './contract.ts';
import { SubjectError } from './explore/subject-error.ts';
import { runAtOnce } from './explore/link.ts';
import { describeOperation, describeResponse } from './linearizability.ts';
import type { KernelEvent } from './kernel-trace.ts';
import { firstDifference } from './refinement.ts';
import { within, scopeOf } from './scope.ts';
import { copierOf, rulesOf, trusted, type LoadedSubject } from './subject.ts';

/** Frames of a chunk, and the order of the largest block, that a kernel's requests are driven with. */
const chunkFrames = 512;
const leastOrder = 10;
/** Points of the curves in a report. */
const samplesMax = 72;
const listedMax = 100;

/** How things stood after an event; pressure is the highest since the sample before. */
export interface DriveSample {
  readonly event: number;
  readonly framesFree: number;
  /** Share of the free frames that no block of the chunk's size can be made of, 0 to 1. */
  readonly unusable: number;
  readonly pressure: PressureLevel;
}

export interface DriveRejection {
  /** Number of the event, from 1; 0 for what is judged at the end. */
  readonly event: number;
  readonly rule: string;
  readonly reason: string;
}

/** What came of a kernel's requests on an allocator, the model alongside. */
export interface DriveReport {
  readonly subject: string;
  readonly geometry: Geometry;
  readonly events: number;
  readonly allocations: number;
  readonly frees: number;
  /** OutOfMemory answers, each judged right. */
  readonly outOfMemory: number;
  /** Frees of what was not allocated here: before the recording, or when memory was out. */
  readonly skipped: number;
  readonly rejections: number;
  readonly listed: readonly DriveRejection[];
  readonly durationMs: number;
  readonly eventsPerSecond: number;
  readonly samples: readonly DriveSample[];
}

/** The requests of one recording, in order, and the most frames that were allocated at once. */
export class KernelRequests {
  readonly events: KernelEvent[] = [];
  framesPeak = 0;
  cpus = 1;
  orderMax = 0;
  readonly #live = new Set<number>();

  add(event: KernelEvent): void {
    this.events.push(event);
    this.cpus = Math.max(this.cpus, event.cpu + 1);
    this.orderMax = Math.max(this.orderMax, event.order);
    for (let frame = event.frame; frame < event.frame + 2 ** event.order; frame++) {
      if (event.allocates) this.#live.add(frame);
      else this.#live.delete(frame);
    }
    this.framesPeak = Math.max(this.framesPeak, this.#live.size);
  }
}

/**
 * Memory for the requests: an eighth more than they need at their peak, in whole chunks, so that the marks come into play. `frames`: another
 * size. Or why the subject cannot take them.
 */
export function driveGeometry({ subject }: LoadedSubject, requests: KernelRequests, frames?: number): Geometry | string {
  const size = frames ?? chunkFrames * Math.ceil((requests.framesPeak * 1.125) / chunkFrames);
  const maxOrder = Math.max(requests.orderMax, leastOrder);
  const workers = Math.min(requests.cpus, subject.limits?.workersMax ?? Infinity);
  const why = within(scopeOf({ frames: size, chunkFrames, maxOrder, threads: workers, ops: 1 }), subject.limits, subject.features ?? {});
  if (typeof why === 'string') return why;
  const share = (part: number): number => Math.max(1, Math.floor(size / part));
  return { frames: size, firstFrame: 0, chunkFrames, maxOrder, workers, reserved: [], marks: { low: share(8), min: share(16), critical: share(32), gap: share(64) } };
}

/** Replays a kernel's requests on a subject, each CPU a worker, one after the other; yields how many are done. `now`: milliseconds. */
export function* drive(loaded: LoadedSubject, requests: KernelRequests, geometry: Geometry, now: () => number): Generator<number, DriveReport> {
  const started = now();
  const run = new DriveRun(loaded, geometry);
  const total = requests.events.length;
  let sampled = 0;
  for (const [at, event] of requests.events.entries()) {
    run.event(event);
    if ((at + 1) * samplesMax >= (sampled + 1) * total) {
      run.sample();
      sampled++;
    }
    if ((at & 0x1fff) === 0x1fff) yield at + 1;
  }
  run.end();
  const durationMs = now() - started;
  return { ...run.report(), subject: loaded.module, geometry, events: total, durationMs, eventsPerSecond: Math.round((total * 1000) / Math.max(durationMs, 1e-3)) };
}

/** An allocation of ours that stands for one of the kernel's, which may be freed in pieces. */
interface Run {
  readonly frame: number;
  readonly count: number;
  left: number;
}

const levels: readonly PressureLevel[] = ['ok', 'low', 'min', 'critical'];

class DriveRun {
  readonly #loaded: LoadedSubject;
  readonly #geometry: Geometry;
  readonly #model: LongRun;
  readonly #shared: unknown;
  readonly #handles: readonly Handle[];
  readonly #runs = new Map<number, Run>();
  readonly #samples: DriveSample[] = [];
  readonly #listed: DriveRejection[] = [];
  readonly #counts = { allocations: 0, frees: 0, outOfMemory: 0, skipped: 0, rejections: 0 };
  #worst = 0;
  #event = 0;

  constructor(loaded: LoadedSubject, geometry: Geometry) {
    const { subject } = loaded;
    this.#loaded = loaded;
    this.#geometry = geometry;
    this.#model = new LongRun(geometry, rulesOf(subject));
    this.#shared = runAtOnce(trusted(`create() of '${subject.name}'`, () => subject.create(geometry)));
    const copy = copierOf(this.#shared);
    this.#handles = Array.from({ length: geometry.workers }, (_, worker) => runAtOnce(trusted(`attach() of '${subject.name}'`, () => subject.attach(copy(), worker))));
  }

  event({ allocates, cpu, frame, order }: KernelEvent): void {
    this.#event++;
    const worker = cpu % this.#handles.length;
    if (allocates) this.#allocate(worker, frame, 2 ** order);
    else this.#free(worker, frame, 2 ** order);
    this.#worst = Math.max(this.#worst, levels.indexOf(this.#model.pressure));
  }

  sample(): void {
    const { framesFree } = this.#model;
    this.#samples.push({ event: this.#event, framesFree, unusable: this.#model.unusable(Math.log2(chunkFrames)), pressure: levels[this.#worst] as PressureLevel });
    this.#worst = levels.indexOf(this.#model.pressure);
  }

  /** Nothing runs any more: the memory must show what the model says. */
  end(): void {
    this.#event = 0;
    const { subject } = this.#loaded;
    const shown = subject.observe === undefined ? undefined : (runAtOnce(trusted('observe()', () => subject.observe?.(this.#shared))) as readonly ObservedFrame[]);
    const different = shown === undefined ? undefined : firstDifference(this.#model.standing, shown);
    if (different !== undefined) this.#reject('FP-REF-1', `at the end, frame ${this.#geometry.firstFrame + different} is shown as something else than the model says`);
    const handle = this.#handles[0] as Handle;
    const counted = handle.framesFree === undefined ? undefined : runAtOnce(trusted('framesFree()', () => handle.framesFree?.()));
    if (counted !== undefined && counted !== this.#model.framesFree) this.#reject('FP-CNT-1', `at the end, framesFree() is ${counted}, and ${this.#model.framesFree} frames are free`);
  }

  report(): Pick<DriveReport, 'allocations' | 'frees' | 'outOfMemory' | 'skipped' | 'rejections' | 'listed' | 'samples'> {
    return { ...this.#counts, listed: this.#listed, samples: this.#samples };
  }

  #allocate(worker: number, frame: number, count: number): void {
    if (count > 1 && this.#loaded.subject.features?.contiguous !== true) {
      this.#counts.skipped++;
      return;
    }
    // The free of what stood here was not recorded.
    for (let at = frame; at < frame + count; at++) this.#forget(worker, at, 1);
    const response = this.#ask({ op: 'allocate', worker, count });
    if (response === undefined) return;
    if (response < 0) {
      this.#counts.outOfMemory++;
      return;
    }
    this.#counts.allocations++;
    const run: Run = { frame: response, count, left: count };
    for (let at = frame; at < frame + count; at++) this.#runs.set(at, run);
  }

  #free(worker: number, frame: number, count: number): void {
    if (!this.#runs.has(frame)) this.#counts.skipped++;
    for (let at = frame; at < frame + count; at++) this.#forget(worker, at, 1);
  }

  /** Frames of the kernel's are free; ours are when all of a run's are. */
  #forget(worker: number, frame: number, count: number): void {
    const run = this.#runs.get(frame);
    if (run === undefined) return;
    this.#runs.delete(frame);
    run.left -= count;
    if (run.left > 0) return;
    if (this.#ask({ op: 'free', worker, frame: run.frame, count: run.count }) !== undefined) this.#counts.frees++;
  }

  /** The response, if the model accepts it. */
  #ask(operation: Operation): number | undefined {
    const handle = this.#handles[operation.worker] as Handle;
    let response: unknown;
    try {
      response = runAtOnce(operation.op === 'allocate' ? handle.allocate(operation.count) : handle.free(operation.frame, operation.count));
    } catch (error) {
      if (error instanceof SubjectError) throw error;
      this.#reject('FP-EXC-1', `${describeOperation(operation)} threw ${String(error)}`);
      return undefined;
    }
    if (!Number.isInteger(response)) {
      this.#reject('FP-EXC-1', `${describeOperation(operation)} returned ${String(response)}`);
      return undefined;
    }
    const wrong = this.#model.step(operation, response as number);
    if (wrong === undefined) return response as number;
    this.#reject(wrong.rule, `${describeOperation(operation)} → ${describeResponse(operation, response as number)}: ${wrong.reason}`);
    return undefined;
  }

  #reject(rule: string, reason: string): void {
    this.#counts.rejections++;
    if (this.#listed.length < listedMax) this.#listed.push({ event: this.#event, rule, reason });
  }
}
