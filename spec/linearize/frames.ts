import { describeOperation, describeResponse } from '../linearizability.ts';
import { FrameCalls, operationOf } from './frame-calls.ts';
import { framesPart, type LostPlaces } from './frame-moves.ts';
import { framesGeometry, whyNoFramesGeometry } from './frames-geometry.ts';
import type { HistoryModel, Plan } from './model.ts';
import type { RecordedHistory } from './recorded-history.ts';
import type { Part } from './search.ts';

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
  const groups = (places: LostPlaces): Part[] => calls.groups().map((group) => framesPart('some frames', group, calls, places));
  const needed = (places: LostPlaces): Part[] => [...lone.map((each) => framesPart('one call', { geometry, calls: [each] }, calls, 'left out')), ...groups(places)];
  if (shortages.length + lost.length === 0) return { needed: needed('left out') };
  const whole = framesPart('all frames', { geometry, calls: [...grouped, ...lone, ...shortages] }, calls, 'anywhere');
  const enough = lone.length === 0 && shortages.length === 0 && calls.lostAreHarmless ? { enough: groups('left out') } : {};
  return { ...enough, needed: needed('where a free wants them'), whole };
}
