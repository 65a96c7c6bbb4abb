import type { State } from './state.ts';

/** Something that holds in every reachable state of the composed model. */
export interface ModelInvariant {
  readonly name: string;
  /** What is wrong with a state, or undefined. */
  readonly broken: (state: State) => string | undefined;
}

/** Leaf blocks: those that are free, allocated or reserved as a whole, with the frames they cover. */
function leaves(state: State): { order: number; start: number; end: number; is: string }[] {
  const { layout } = state;
  const found: { order: number; start: number; end: number; is: string }[] = [];
  for (let order = 0; order <= layout.maxOrder; order++) {
    const perTop = 2 ** (layout.maxOrder - order);
    for (let number = layout.topFirst * perTop; number < (layout.topLast + 1) * perTop; number++) {
      const is = state.block(order, number);
      if (is !== 'absent' && is !== 'split') found.push({ order, start: number * 2 ** order, end: (number + 1) * 2 ** order, is });
    }
  }
  return found.sort((a, b) => a.start - b.start);
}

export const modelInvariants: readonly ModelInvariant[] = [
  {
    name: 'leaf blocks partition the frames',
    broken: (state) => {
      const { layout } = state;
      let next = layout.topFirst * 2 ** layout.maxOrder;
      for (const { start, end } of leaves(state)) {
        if (start !== next) return start < next ? `two blocks hold frame ${start}` : `no block holds frame ${next}`;
        next = end;
      }
      return next === (layout.topLast + 1) * 2 ** layout.maxOrder ? undefined : `no block holds frame ${next}`;
    },
  },
  {
    name: 'two free buddies are one free block',
    broken: (state) => {
      const free = leaves(state).filter(({ is }) => is === 'free');
      const pair = free.find(({ order, start, end }) => order < state.layout.maxOrder && start % 2 ** (order + 1) === 0 && free.some((other) => other.order === order && other.start === end));
      return pair && `the buddies of order ${pair.order} at ${pair.start} are both free`;
    },
  },
  {
    name: 'frames and blocks agree',
    broken: (state) => {
      const { firstFrame, frames } = state.layout.geometry;
      for (const { start, end, is } of leaves(state)) {
        for (let frame = Math.max(start, firstFrame); frame < Math.min(end, firstFrame + frames); frame++) {
          if (state.frame(frame) !== is) return `frame ${frame} is ${state.frame(frame)} in a block that is ${is}`;
        }
      }
      return undefined;
    },
  },
  {
    name: 'free frames are counted',
    broken: (state) => {
      const { firstFrame, frames } = state.layout.geometry;
      let free = 0;
      for (let frame = firstFrame; frame < firstFrame + frames; frame++) if (state.frame(frame) === 'free') free++;
      const inBlocks = leaves(state).filter(({ is }) => is === 'free').reduce((sum, { start, end }) => sum + end - start, 0);
      return free === state.framesFree && free === inBlocks ? undefined : `${state.framesFree} counted, ${free} free, ${inBlocks} in free blocks`;
    },
  },
  {
    name: 'allocations are disjoint and own their frames',
    broken: (state) => {
      const { firstFrame, frames } = state.layout.geometry;
      let owned = 0;
      let end = firstFrame;
      for (const [start, count] of state.allocations) {
        if (start < end) return `two allocations hold frame ${start}`;
        end = start + count;
        owned += count;
        for (let frame = start; frame < end; frame++) if (state.frame(frame) !== 'allocated') return `frame ${frame} of an allocation is ${state.frame(frame)}`;
      }
      let allocated = 0;
      for (let frame = firstFrame; frame < firstFrame + frames; frame++) if (state.frame(frame) === 'allocated') allocated++;
      return owned === allocated ? undefined : `${allocated} frames are allocated, ${owned} belong to an allocation`;
    },
  },
  {
    name: 'pressure lies within the hysteresis of its marks',
    broken: ({ layout, framesFree, pressure }) => {
      const { marks } = layout.geometry;
      if (marks === undefined) return pressure === 'ok' ? undefined : `pressure ${pressure} without marks`;
      const { low, min, critical, gap } = marks;
      const below = pressure === 'ok' ? Infinity : { low, min, critical }[pressure] + gap;
      const above = pressure === 'ok' ? low : pressure === 'low' ? min : pressure === 'min' ? critical : 0;
      return framesFree >= above && framesFree < below ? undefined : `pressure ${pressure} with ${framesFree} frames free`;
    },
  },
];
