import { defineSubject, type Geometry, type ObservedFrame } from 'frameproof';

/** What a frame is. Between a claim and its publication, and between the start of a free and its release, nobody but one worker may touch the frame's record. */
const hidden = 0;
const published = 1;

/** Words of a frame's record, touched plainly by whoever holds the frame. */
const recordWords = 2;
const holder = 0;
const uses = 1;

interface Frames {
  readonly bits: SharedArrayBuffer;
  readonly states: SharedArrayBuffer;
  readonly records: SharedArrayBuffer;
  /** One word a worker, its own: frames that it has taken less those that it has given back. */
  readonly balances: SharedArrayBuffer;
  readonly frames: number;
  readonly firstFrame: number;
  readonly available: number;
}

export default defineSubject({
  name: 'raw-indices',
  limits: { framesMax: 31 },

  create({ frames, firstFrame, workers, reserved }: Geometry): Frames {
    let available = 2 ** frames - 1;
    for (const { start, count } of reserved) available &= ~((2 ** count - 1) << (start - firstFrame));
    const bits = new SharedArrayBuffer(4);
    new Int32Array(bits)[0] = available;
    const [states, records, balances] = [frames, frames * recordWords, workers].map((words) => new SharedArrayBuffer(4 * words)) as [SharedArrayBuffer, SharedArrayBuffer, SharedArrayBuffer];
    return { bits, states, records, balances, frames, firstFrame, available };
  },

  attach({ bits, states, records, balances, frames, firstFrame, available }: Frames, worker: number) {
    const free = new Int32Array(bits);
    const state = new Uint8Array(states);
    const record = new Int32Array(records);
    const balance = new Int32Array(balances);
    let handed = 0;
    return {
      allocate(count: number): number {
        if (count !== 1) return -2;
        let word = Atomics.load(free, 0);
        for (let low = word & -word; word !== 0; low = word & -word) {
          const found = Atomics.compareExchange(free, 0, word, word & ~low);
          if (found !== word) {
            word = found;
            continue;
          }
          const at = 31 - Math.clz32(low);
          record[at * recordWords + holder] = worker + 1;
          record[at * recordWords + uses]!++;
          balance[worker]! += 1;
          handed++;
          Atomics.store(state, at, published);
          return firstFrame + at;
        }
        return -1;
      },

      free(frame: number, count: number): number {
        const at = frame - firstFrame;
        if (count !== 1 || !(at >= 0 && at < frames)) return -3;
        if (Atomics.compareExchange(state, at, published, hidden) !== published) return -4;
        if (record[at * recordWords + holder] === 0) throw new Error('a published frame has a holder');
        record[at * recordWords + holder] = 0;
        balance[worker] = (balance[worker] as number) - 1;
        Atomics.or(free, 0, 1 << at);
        return 0;
      },

      framesFree(): number {
        let left = 0;
        for (let word = available; word !== 0; word &= word - 1) left++;
        for (let each = 0; each < balance.length; each++) left -= balance[each] as number;
        return left;
      },

      get handed(): number {
        return handed;
      },
    };
  },

  observe({ bits, records, frames, available }: Frames): ObservedFrame[] {
    const free = new Int32Array(bits)[0] as number;
    const record = new Int32Array(records);
    const seen: ObservedFrame[] = [];
    for (let at = 0; at < frames; at++) {
      const isHeld = record[at * recordWords + holder] !== 0;
      const isFree = (free & (1 << at)) !== 0;
      seen[at] = (available & (1 << at)) === 0 ? 'reserved' : isFree && !isHeld ? 'free' : isHeld && !isFree ? 'allocated' : 'offline';
    }
    return seen;
  },
});
