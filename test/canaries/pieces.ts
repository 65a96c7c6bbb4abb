/**
 * A pool in Zephyr's way whose blocks are no multiple of their pieces: blocks of two frames are split by four, and a quarter of a block,
 * rounded up, is a frame. So only two of the four pieces fit. For one worker; frames are counted from `firstFrame`, which is even.
 */
export interface PiecesShared {
  /** Free blocks, then free pieces (numbered 4 × block + piece), then a word a frame: 1 + the piece that is in use there, {@link whole}, or 0. */
  readonly memory: SharedArrayBuffer;
  readonly frames: number;
  readonly firstFrame: number;
}

const blocks = 0;
const pieces = 1;
const uses = 2;
const whole = 1000;
const blockFrames = 2;
const lowest = (bits: number): number => 31 - Math.clz32(bits & -bits);

export function createPieces(frames: number, firstFrame: number): PiecesShared {
  const memory = new SharedArrayBuffer(4 * (uses + frames));
  const words = new Int32Array(memory);
  words[blocks] = (1 << (frames >> 1)) - 1;
  words[pieces] = frames % 2 === 0 ? 0 : 1 << (4 * (frames >> 1));
  return { memory, frames, firstFrame };
}

export abstract class Pieces {
  protected readonly frames: number;
  readonly #words: Int32Array;
  readonly #firstFrame: number;

  constructor({ memory, frames, firstFrame }: PiecesShared) {
    this.#words = new Int32Array(memory);
    this.frames = frames;
    this.#firstFrame = firstFrame;
  }

  /** The frame that no piece of a block may reach. */
  protected abstract endOf(block: number): number;

  allocate(count: number): number {
    if (count !== 1 && count !== blockFrames) return -2;
    const free = Atomics.load(this.#words, pieces);
    if (count === 1 && free !== 0) return this.#give(lowest(free));
    const list = Atomics.load(this.#words, blocks);
    if (list === 0) return -1;
    const block = lowest(list);
    Atomics.and(this.#words, blocks, ~(1 << block));
    if (count === 1) {
      Atomics.or(this.#words, pieces, this.#piecesOf(block));
      return this.#give(4 * block);
    }
    Atomics.store(this.#words, uses + blockFrames * block, whole);
    return this.#firstFrame + blockFrames * block;
  }

  free(frame: number, count: number): number {
    const at = frame - this.#firstFrame;
    if (at < 0 || at >= this.frames) return -3;
    const use = Atomics.load(this.#words, uses + at);
    if (use === 0 || count !== (use === whole ? blockFrames : 1)) return -4;
    Atomics.store(this.#words, uses + at, 0);
    const block = use === whole ? at >> 1 : (use - 1) >> 2;
    if (use !== whole) {
      const free = Atomics.or(this.#words, pieces, 1 << (use - 1)) | (1 << (use - 1));
      const all = this.#piecesOf(block);
      if ((free & all) !== all || blockFrames * (block + 1) > this.frames) return 0;
      Atomics.and(this.#words, pieces, ~all);
    }
    Atomics.or(this.#words, blocks, 1 << block);
    return 0;
  }

  /** The pieces of a block that end where they may. */
  #piecesOf(block: number): number {
    let mask = 0;
    for (let piece = 0; piece < 4; piece++) if (blockFrames * block + piece < this.endOf(block)) mask |= 1 << (4 * block + piece);
    return mask;
  }

  #give(piece: number): number {
    const at = blockFrames * (piece >> 2) + (piece & 3);
    Atomics.and(this.#words, pieces, ~(1 << piece));
    Atomics.store(this.#words, uses + at, 1 + piece);
    return this.#firstFrame + at;
  }
}
