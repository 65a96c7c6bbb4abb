import type { Geometry } from './contract.ts';
import { threadName } from './decision.ts';
import type { History } from './history.ts';
import { finding, type Finding } from './invariants.ts';
import type { PrefixCall } from './scenario-program.ts';

type Mark = { readonly at: number; readonly call: History['calls'][number]; readonly kind: 'invoked' | 'returned' };

const frees = ({ operation, response }: History['calls'][number], frame: number): boolean =>
  operation.op === 'free' && response === 0 && frame >= operation.frame && frame < operation.frame + operation.count;

/**
 * Judges each response on its own, as it is given: a frame that is handed out is a managed one, and every earlier owner has begun to
 * free it. Stronger evidence than a history without linearization, and found at the step where it happens.
 */
export function judgeOwnership(history: History, prefix: readonly PrefixCall[], { firstFrame, frames }: Geometry): Finding | undefined {
  const owner = new Map<number, string>();
  for (const { operation, response } of prefix) {
    if (operation.op === 'allocate') for (let frame = response; response >= 0 && frame < response + operation.count; frame++) owner.set(frame, 'the prefix');
    else if (response === 0) for (let frame = operation.frame; frame < operation.frame + operation.count; frame++) owner.delete(frame);
  }
  const marks: Mark[] = history.calls.flatMap((call): Mark[] => [{ at: call.invoked, call, kind: 'invoked' }, { at: call.returned, call, kind: 'returned' }]);
  marks.sort((a, b) => a.at - b.at);
  for (const { at, call, kind } of marks) {
    const { operation, response } = call;
    if (operation.op === 'free') {
      if (kind === 'invoked') for (let frame = operation.frame; frame < operation.frame + operation.count; frame++) owner.delete(frame);
    } else if (kind === 'returned' && at !== Infinity && response >= 0) {
      const name = threadName(call.thread);
      if (response < firstFrame || response + operation.count > firstFrame + frames) {
        return finding('FP-RNG-1', `${name} was given frame ${response}${operation.count > 1 ? `…${response + operation.count - 1}` : ''}, outside of ${firstFrame}…${firstFrame + frames - 1}`, at);
      }
      for (let frame = response; frame < response + operation.count; frame++) {
        // A free in flight meanwhile (by a guess, or of an earlier run) may have freed it before its owner even heard of it.
        if (history.calls.some((other) => frees(other, frame) && other.returned > call.invoked && other.invoked < at)) continue;
        const other = owner.get(frame);
        if (other !== undefined) return finding('FP-OWN-1', `${name} was given frame ${frame}, which ${other} owns and has not begun to free`, at);
        owner.set(frame, name);
      }
    }
  }
  return undefined;
}
