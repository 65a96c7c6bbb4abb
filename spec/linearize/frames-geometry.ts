import type { FrameRange, Geometry } from '../contract.ts';

const framesMax = 2 ** 22;
/** Where runs start is free here, and who works is seen from the history. */
const withoutMeaning = ['chunkFrames', 'workers'];
const keys = ['frames', 'firstFrame', 'maxOrder', 'reserved', ...withoutMeaning];

const isCount = (value: unknown, min: number, max = Number.MAX_SAFE_INTEGER): value is number => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What is wrong with the geometry of a history of frames. */
export function whyNoFramesGeometry(value: unknown): string | undefined {
  if (!isObject(value)) return 'the geometry of a history of frames is an object: {"geometry": {"frames": 64}}';
  for (const key of Object.keys(value)) if (!keys.includes(key)) return `a geometry here has ${keys.join(', ')}, not ${JSON.stringify(key)}`;
  const { frames, firstFrame = 0, maxOrder = 0, reserved = [] } = value;
  if (!isCount(frames, 1, framesMax)) return `"frames" is a whole number from 1 to ${framesMax}, not ${JSON.stringify(frames)}`;
  if (!isCount(firstFrame, 0)) return `"firstFrame" is a whole number from 0, not ${JSON.stringify(firstFrame)}`;
  if (!isCount(maxOrder, 0, 22)) return `"maxOrder" is a whole number from 0 to 22, not ${JSON.stringify(maxOrder)}`;
  if (!Array.isArray(reserved)) return '"reserved" is a list of {"start", "count"}';
  let end = firstFrame;
  for (const range of reserved as unknown[]) {
    if (!isObject(range) || !isCount(range['start'], end) || !isCount(range['count'], 1) || range['start'] + range['count'] > firstFrame + frames) {
      return `"reserved" holds ${JSON.stringify(range)}: expected {"start", "count"}, ascending and inside of frames ${firstFrame}…${firstFrame + frames - 1}`;
    }
    end = range['start'] + range['count'];
  }
  return undefined;
}

/** The geometry; without a largest order, any run of all the frames can be asked for. */
export function framesGeometry(value: unknown): Geometry {
  const { frames, firstFrame = 0, maxOrder, reserved = [] } = value as { frames: number; firstFrame?: number; maxOrder?: number; reserved?: FrameRange[] };
  return { frames, firstFrame, chunkFrames: 1, maxOrder: maxOrder ?? Math.ceil(Math.log2(frames)), workers: 1, reserved };
}
