import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { LongRun, Model, type Operation, type State } from '../model/index.ts';
import { drive, driveGeometry, KernelRequests, type DriveReport } from '../spec/drive.ts';
import { KernelTraceJudge } from '../spec/kernel-trace.ts';
import type { LoadedSubject } from '../spec/subject.ts';
import { plot } from '../cli/reports/plot.ts';
import { load } from './support/subjects.ts';

function requestsOf(name: string): KernelRequests {
  const requests = new KernelRequests();
  const judge = new KernelTraceJudge();
  for (const line of gunzipSync(readFileSync(join(import.meta.dirname, 'fixtures', name))).toString().split('\n')) {
    const event = judge.line(line);
    if (event !== undefined) requests.add(event);
  }
  return requests;
}

function driven(loaded: LoadedSubject, requests: KernelRequests, frames?: number): DriveReport {
  const geometry = driveGeometry(loaded, requests, frames);
  if (typeof geometry === 'string') throw new Error(geometry);
  const run = drive(loaded, requests, geometry, () => 0);
  for (;;) {
    const next = run.next();
    if (next.done === true) return next.value;
  }
}

describe("a kernel's requests on the allocator, the model alongside", () => {
  test.each(['linux-compile.trace.gz', 'linux-network.trace.gz'])('%s: every response is accepted', async (name) => {
    const requests = requestsOf(name);
    const report = driven(await load('builtin:hybrid'), requests);
    expect([report.rejections, report.outOfMemory]).toEqual([0, 0]);
    expect(report.allocations + report.frees + report.skipped).toBeGreaterThanOrEqual(requests.events.length);
    expect(report.samples.length).toBe(72);
  });

  test('too little memory is told as out of memory, which the model finds right', async () => {
    const report = driven(await load('builtin:hybrid'), requestsOf('linux-network.trace.gz'), 1024);
    expect(report.rejections).toBe(0);
    expect(report.outOfMemory).toBeGreaterThan(0);
    expect(report.samples.some(({ pressure }) => pressure === 'critical')).toBe(true);
  });

  test('an allocator that does not give back what is freed is rejected', async () => {
    const planted = await load('builtin:hybrid', [{ file: 'impl/hybrid.ts', from: 'if (Atomics.compareExchange(words, at, seen, seen ^ (0x1_0001 << entry)) !== seen)', to: 'if (Atomics.compareExchange(words, at, seen, seen) !== seen)' }]);
    const report = driven(planted, requestsOf('linux-compile.trace.gz'));
    expect(report.rejections).toBeGreaterThan(0);
    expect(report.listed[0]?.rule).toMatch(/^FP-/);
  });

  test('a subject that is too small says so', async () => {
    const loaded = await load(join(import.meta.dirname, 'canaries', 'contiguous.subject.ts'));
    expect(driveGeometry(loaded, requestsOf('linux-compile.trace.gz'))).toMatch(/at most/);
  });
});

test('the model in place and the model that keeps its states agree', async () => {
  const geometry = { frames: 12, firstFrame: 2, chunkFrames: 4, maxOrder: 3, workers: 1, reserved: [{ start: 5, count: 1 }], marks: { low: 6, min: 4, critical: 2, gap: 2 } };
  const rules = { placement: 'chunk', exactErrors: false, orders: false } as const;
  const [model, run] = [new Model(geometry, rules), new LongRun(geometry, rules)];
  let state: State = model.initial;
  let random = 7;
  const next = (below: number): number => (random = (random * 48_271) % 2_147_483_647) % below;
  for (let step = 0; step < 3000; step++) {
    const live = [...state.allocations];
    const chosen = live[next(Math.max(1, live.length))];
    const operation: Operation = chosen !== undefined && next(2) === 0 ? { op: 'free', worker: 0, frame: chosen[0], count: chosen[1] } : { op: 'allocate', worker: 0, count: 1 + next(5) };
    const response = operation.op === 'free' ? 0 : next(3) === 0 ? -1 : 2 + next(12);
    const kept = model.step(state, operation, response);
    expect(run.step(operation, response)).toEqual(kept.ok ? undefined : kept);
    if (kept.ok) state = kept.state;
    expect([run.framesFree, run.pressure, [...run.standing.frames]]).toEqual([state.framesFree, state.pressure, [...state.frames]]);
  }
});

test('a curve is drawn with its scale', () => {
  expect(plot([0, 4, 8], 8, 2, String)).toEqual(['8 ┤  █', '0 ┤ ██']);
});
