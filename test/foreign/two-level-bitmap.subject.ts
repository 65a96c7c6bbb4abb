import { defineSubject, type Geometry, type Handle } from 'frameproof';

/** Frames of a leaf word; few, so that a handful of frames has leaves enough to get lost between. */
const leafFrames = 2;
const leafMask = (1 << leafFrames) - 1;
/** Leaves that one summary word can speak of. */
const leavesMax = 31;

/** Words: which leaves probably have room, how many frames were ever released, then the leaves; a one is a free frame. */
const summary = 0;
const releases = 1;
const firstLeaf = 2;

interface Bitmap {
  readonly memory: SharedArrayBuffer;
  readonly geometry: Pick<Geometry, 'frames' | 'firstFrame' | 'reserved'>;
}

const lowestBit = (word: number): number => 31 - Math.clz32(word & -word);

class TwoLevels implements Handle {
  words: Int32Array;
  leaves: number;
  geometry: Bitmap['geometry'];

  constructor({ memory, geometry }: Bitmap) {
    this.words = new Int32Array(memory);
    this.leaves = Math.ceil(geometry.frames / leafFrames);
    this.geometry = geometry;
  }

  allocate(count: number): number {
    if (count !== 1) return -2;
    const hinted = this.bySummary();
    return hinted >= 0 ? hinted : this.byLeaves();
  }

  /** Follows the summary. It may be wrong both ways, so that nothing found here means nothing. */
  bySummary(): number {
    let hints = Atomics.load(this.words, summary);
    while (hints !== 0) {
      const leaf = lowestBit(hints);
      const frame = this.claimIn(leaf);
      if (frame >= 0) return frame;
      hints &= hints - 1;
    }
    return -1;
  }

  /**
   * Looks at every leaf. One look at several words is no instant: a frame may be released behind it while the last free one is taken ahead
   * of it. Releases are counted, each before its free returns, so an empty look counts only if no release was counted meanwhile.
   */
  byLeaves(): number {
    for (;;) {
      const before = Atomics.load(this.words, releases);
      for (let leaf = 0; leaf < this.leaves; leaf++) {
        const frame = this.claimIn(leaf);
        if (frame >= 0) return frame;
      }
      if (Atomics.load(this.words, releases) === before) return -1;
    }
  }

  claimIn(leaf: number): number {
    const at = firstLeaf + leaf;
    let free = Atomics.load(this.words, at);
    while (free !== 0) {
      const bit = lowestBit(free);
      const rest = free & ~(1 << bit);
      const found = Atomics.compareExchange(this.words, at, free, rest);
      if (found === free) {
        if (rest === 0) this.emptied(leaf);
        return this.geometry.firstFrame + leaf * leafFrames + bit;
      }
      free = found;
    }
    return -1;
  }

  /** Takes a leaf out of the summary, and puts it back if room came meanwhile. */
  emptied(leaf: number): void {
    Atomics.and(this.words, summary, ~(1 << leaf));
    if (Atomics.load(this.words, firstLeaf + leaf) !== 0) Atomics.or(this.words, summary, 1 << leaf);
  }

  free(frame: number, count: number): number {
    const { frames, firstFrame, reserved } = this.geometry;
    const at = frame - firstFrame;
    if (count !== 1 || at < 0 || at >= frames) return -3;
    for (const { start, count: length } of reserved) if (frame >= start && frame < start + length) return -6;
    const leaf = Math.floor(at / leafFrames);
    const bit = 1 << (at % leafFrames);
    if ((Atomics.or(this.words, firstLeaf + leaf, bit) & bit) !== 0) return -4;
    Atomics.or(this.words, summary, 1 << leaf);
    Atomics.add(this.words, releases, 1);
    return 0;
  }

  framesFree(): number {
    let sum = 0;
    for (let leaf = 0; leaf < this.leaves; leaf++) {
      let free = Atomics.load(this.words, firstLeaf + leaf);
      do {
        sum += free & 1;
        free >>>= 1;
      } while (free !== 0);
    }
    return sum;
  }
}

export default defineSubject({
  name: 'two-level-bitmap',
  limits: { framesMax: leavesMax * leafFrames },
  create({ frames, firstFrame, reserved }: Geometry): Bitmap {
    const leaves = Math.ceil(frames / leafFrames);
    const memory = new SharedArrayBuffer(4 * (firstLeaf + leaves));
    const words = new Int32Array(memory);
    for (let leaf = 0; leaf < leaves; leaf++) words[firstLeaf + leaf] = leafMask >> Math.max(0, (leaf + 1) * leafFrames - frames);
    for (const { start, count } of reserved) {
      for (let at = start - firstFrame; at < start - firstFrame + count; at++) words[firstLeaf + Math.floor(at / leafFrames)]! &= ~(1 << (at % leafFrames));
    }
    words.forEach((word, at) => {
      if (at >= firstLeaf && word !== 0) words[summary]! |= 1 << (at - firstLeaf);
    });
    return { memory, geometry: { frames, firstFrame, reserved } };
  },
  attach: (bitmap: Bitmap) => new TwoLevels(bitmap),
});
