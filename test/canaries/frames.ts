/** A frame a word: 1 if it is free. Sequential searches over it, for canaries whose mistake is elsewhere. */
export interface FrameWords {
  readonly memory: SharedArrayBuffer;
  readonly frames: number;
  readonly firstFrame: number;
}

export function createFrameWords(frames: number, firstFrame: number, extraWords = 0): FrameWords {
  const memory = new SharedArrayBuffer(4 * (frames + extraWords));
  const words = new Int32Array(memory);
  for (let frame = 0; frame < frames; frame++) words[frame] = 1;
  return { memory, frames, firstFrame };
}
