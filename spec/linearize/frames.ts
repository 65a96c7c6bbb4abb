import { describeOperation, describeResponse } from '../linearizability.ts';
import { FrameCalls, operationOf, quietRuns } from './frame-calls.ts';
import { framesPart, type FramesPart, type LostPlaces } from './frame-moves.ts';
import { framesGeometry, whyNoFramesGeometry } from './frames-geometry.ts';
import type { HistoryModel, Plan, ShortCut } from './model.ts';
import type { RecordedHistory } from './recorded-history.ts';
import type { Order, Part } from './search.ts';

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const only = (value: unknown, keys: readonly string[]): boolean => isObject(value) && Object.keys(value).length === keys.length && keys.every((key) => Number.isSafeInteger(value[key]));

/**
 * A frame allocator of placement `any`. Operations on frames that have nothing to do with each other are judged apart: first each group of
 * overlapping runs alone, which is all there is to judge unless some answer is about all frames at once. Such are OutOfMemory, and an allocate
 * whose frames nobody knows; with one of these the history is then judged as a whole, too.
 */
export const framesModel: HistoryModel = {
  name: 'frames',
  notation: {
    keys: 'none',
    geometry: whyNoFramesGeometry,
    functions: {
      allocate: {
        invoked: (value) => (only(value, ['count']) ? undefined : 'an allocate needs "value": {"count": 1}'),
        answered: (value) => (Number.isSafeInteger(value) ? undefined : 'an allocate returns its first frame, or a negative error, as "value"'),
      },
      free: {
        invoked: (value) => (only(value, ['frame', 'count']) ? undefined : 'a free needs "value": {"frame": 0, "count": 1}'),
        answered: (value) => (Number.isSafeInteger(value) ? undefined : 'a free returns 0, or a negative error, as "value"'),
      },
    },
  },
  plan,
  describe: ({ f, value, process, outcome }) => {
    const operation = operationOf(f, value, process);
    return `${describeOperation(operation)} → ${outcome.kind === 'known' ? describeResponse(operation, outcome.value as number) : 'unknown'}`;
  },
};

function plan(history: RecordedHistory): Plan {
  const geometry = framesGeometry(history.geometry);
  const calls = new FrameCalls(history.calls, geometry);
  const { grouped, lone, shortages, lost } = calls;
  const groups = (places: LostPlaces): Part[] => calls.groups().map((group) => framesPart(group, calls, places));
  const needed = (places: LostPlaces): Part[] => [...lone.map((each) => framesPart({ geometry, calls: [each] }, calls, 'left out')), ...groups(places)];
  if (shortages.length + lost.length === 0) return { needed: needed('left out') };
  const whole = (places: LostPlaces): Part => framesPart({ geometry, calls: [...grouped, ...lone, ...shortages] }, calls, places);
  const plan = { needed: needed('where a free wants them'), whole: whole('anywhere') };
  if (lost.length === 0) return plan;
  return { ...plan, shortCut: shortages.length > 0 ? { parts: [() => whole('out of the way')], holds: () => true } : shortCutOf(calls) };
}

/**
 * Nobody is out of memory, so groups of frames meet only in the calls that are lost: no two groups may have made use of the same one, and those
 * that none made use of, but that returned, must have been served somewhere. The frames at the end are those that were left to them.
 */
function shortCutOf(calls: FrameCalls): ShortCut {
  const { firstFrame, frames } = calls.geometry;
  const spent = (orders: readonly Order[]): Set<number> => new Set(orders.flatMap(({ chosen }) => chosen));
  const made: FramesPart[] = [];
  return {
    parts: calls.groups().map((group, at) => (orders) => {
      const part = framesPart(group, calls, 'where a free wants them', spent(orders));
      made[at] = part;
      return part;
    }),
    holds: (orders) => {
      const isOwned = new Uint8Array(frames);
      orders.forEach(({ state }, at) => {
        for (const [start, count] of (made[at] as FramesPart).allocations(state)) isOwned.fill(1, start - firstFrame, start - firstFrame + count);
      });
      const gone = spent(orders);
      const left = calls.lost.filter(({ number, call }) => call.outcome.kind === 'unknown' && !gone.has(number));
      return quietRuns(calls, left, (at) => isOwned[at] === 0).size === left.length;
    },
  };
}
