import type { PressureLevel } from '../spec/contract.ts';
import type { BlockState } from './block-machine.ts';
import type { FrameState } from './frame-machine.ts';
import type { Layout } from './layout.ts';
import { blocks, frames } from './transitions.ts';

/** One state of the composed model. Interned by its {@link Model}: equal states are one object. */
export class State {
  readonly id: number;
  readonly layout: Layout;
  /** Machine state of each managed frame, from firstFrame. */
  readonly frames: Uint8Array;
  /** Machine state of each block, all orders one after the other, as the layout numbers them. */
  readonly blocks: Uint8Array;
  /** Count by first frame, ascending. */
  readonly allocations: ReadonlyMap<number, number>;
  readonly framesFree: number;
  readonly pressure: PressureLevel;

  constructor(id: number, draft: Draft) {
    this.id = id;
    this.layout = draft.layout;
    this.frames = draft.frames;
    this.blocks = draft.blocks;
    this.allocations = new Map([...draft.allocations].sort(([a], [b]) => a - b));
    this.framesFree = draft.framesFree;
    this.pressure = draft.pressure;
  }

  frame(frame: number): FrameState {
    return frameOf(this, frame);
  }

  block(order: number, number: number): BlockState {
    return blocks.states[this.blocks[this.layout.blockIndex(order, number)] as number] as BlockState;
  }

  /** Frames of the longest run of free frames, wherever it starts. */
  largestFreeRun(): number {
    const free = frames.state('free');
    let longest = 0;
    let run = 0;
    for (const frame of this.frames) {
      run = frame === free ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
    return longest;
  }
}

/** What a judgement of a response looks at. */
export interface Standing {
  readonly layout: Layout;
  readonly frames: Uint8Array;
  readonly allocations: ReadonlyMap<number, number>;
}

export const frameOf = ({ frames: all, layout }: Pick<Standing, 'frames' | 'layout'>, frame: number): FrameState => frames.states[all[frame - layout.geometry.firstFrame] as number] as FrameState;

/** A state under construction. */
export interface Draft {
  layout: Layout;
  frames: Uint8Array;
  blocks: Uint8Array;
  allocations: Map<number, number>;
  framesFree: number;
  pressure: PressureLevel;
}

/** Before anything has appeared: every frame free, no block. */
export function emptyDraft(layout: Layout): Draft {
  const { frames: managed } = layout.geometry;
  return {
    layout, frames: new Uint8Array(managed).fill(frames.state('free')), blocks: new Uint8Array(layout.blockCount).fill(blocks.state('absent')),
    allocations: new Map(), framesFree: managed, pressure: 'ok',
  };
}

export function draftOf({ layout, frames, blocks, allocations, framesFree, pressure }: State): Draft {
  return { layout, frames: frames.slice(), blocks: blocks.slice(), allocations: new Map(allocations), framesFree, pressure };
}

/** Equal for equal states. Blocks are part of it although they follow from the rest: if ever they did not, the walk would see two states. */
export function keyOf({ frames, blocks, allocations, pressure }: Draft): string {
  const runs = [...allocations].sort(([a], [b]) => a - b).flat();
  return `${frames.join('')} ${blocks.join('')} ${runs.join(',')} ${pressure}`;
}
