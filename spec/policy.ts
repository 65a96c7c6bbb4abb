import type { Model, Operation, State } from '../model/index.ts';
import type { Subject } from './contract.ts';
import { finding, type Finding } from './invariants.ts';
import { describeOperation } from './linearizability.ts';

/** A call that ran with nobody beside it. */
export interface SequentialCall {
  readonly operation: Operation;
  readonly response: number;
}

/**
 * Whether the choices of calls that ran one after the other were good ones, by what the subject declares. Any suitable frame is correct;
 * not any is right. Calls that fit no order are somebody else's finding.
 */
export function judgePolicy(subject: Subject, model: Model, calls: readonly SequentialCall[]): Finding | undefined {
  if (subject.policy?.includes('keeps-chunks') !== true) return undefined;
  const { chunkFrames } = model.layout.geometry;
  const lastChunk: number[] = [];
  let state = model.initial;
  for (const { operation, response } of calls) {
    const step = model.step(state, operation, response, 'alone');
    if (!step.ok) return undefined;
    const frame = operation.op === 'allocate' ? response : operation.frame;
    const chunk = Math.floor(frame / chunkFrames);
    if (operation.op === 'allocate' && response >= 0 && operation.count < chunkFrames && chunk !== lastChunk[operation.worker] && isWhole(state, chunk, chunkFrames)) {
      const better = runInPartlyUsed(model, state, operation.count);
      if (better !== undefined) {
        return finding('FP-POL-1', `${describeOperation(operation)} → ${response} breaks the free chunk of frames ${chunk * chunkFrames}…${(chunk + 1) * chunkFrames - 1}, and frame ${better} of a chunk in use would do`);
      }
    }
    if (response >= 0 && operation.count < chunkFrames) lastChunk[operation.worker] = chunk;
    state = step.state;
  }
  return undefined;
}

/** Whether every frame of a chunk is managed and free. */
function isWhole(state: State, chunk: number, chunkFrames: number): boolean {
  const { firstFrame, frames } = state.layout.geometry;
  const start = chunk * chunkFrames;
  if (start < firstFrame || start + chunkFrames > firstFrame + frames) return false;
  for (let frame = start; frame < start + chunkFrames; frame++) if (state.frame(frame) !== 'free') return false;
  return true;
}

/** The first frame of a suitable run in a chunk that is not wholly free. */
function runInPartlyUsed(model: Model, state: State, count: number): number | undefined {
  const { firstFrame, frames, chunkFrames } = model.layout.geometry;
  for (let chunk = Math.floor(firstFrame / chunkFrames); chunk * chunkFrames < firstFrame + frames; chunk++) {
    if (isWhole(state, chunk, chunkFrames)) continue;
    let length = 0;
    for (let frame = Math.max(firstFrame, chunk * chunkFrames); frame < Math.min(firstFrame + frames, (chunk + 1) * chunkFrames); frame++) {
      length = state.frame(frame) === 'free' ? length + 1 : 0;
      if (length === count) return frame + 1 - count;
    }
  }
  return undefined;
}
