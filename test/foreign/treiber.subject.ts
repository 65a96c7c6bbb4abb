import { defineSubject, type Geometry, type ObservedFrame } from 'frameproof';

/** Bits of the head that count its changes, so that a head which came back (ABA) is told from one that stayed. */
const tagBits = 24;
/** Bits of the head that name the top frame, from 1; 0 is the empty stack. */
const indexBits = 8;
const indexMask = (1 << indexBits) - 1;
const tagMask = 2 ** tagBits - 1;

const indexOf = (head: number): number => head & indexMask;
/** The head with another top, one change later. */
const withTop = (head: number, index: number): number => ((((head >>> indexBits) + 1) & tagMask) << indexBits) | index;

/** Words: the head, then a link for each frame, then what each frame is. */
const head = 0;
const free = 0;
const owned = 1;
const reservedFrame = 2;

interface Stack {
  readonly memory: SharedArrayBuffer;
  readonly frames: number;
  readonly firstFrame: number;
}

const linkOf = (index: number): number => index;
const stateOf = ({ frames }: Stack, index: number): number => frames + index;

function pop(words: Int32Array): number {
  for (;;) {
    const seen = Atomics.load(words, head);
    const index = indexOf(seen);
    if (index === 0) return 0;
    const next = Atomics.load(words, linkOf(index));
    if (Atomics.compareExchange(words, head, seen, withTop(seen, next)) === seen) return index;
  }
}

function push(words: Int32Array, index: number): void {
  let seen;
  do {
    seen = Atomics.load(words, head);
    Atomics.store(words, linkOf(index), indexOf(seen));
  } while (Atomics.compareExchange(words, head, seen, withTop(seen, index)) !== seen);
}

export default defineSubject({
  name: 'treiber',
  limits: { framesMax: indexMask },
  create({ frames, firstFrame, reserved }: Geometry): Stack {
    const memory = new SharedArrayBuffer(4 * (1 + 2 * frames));
    const words = new Int32Array(memory);
    for (const { start, count } of reserved) {
      for (let frame = start; frame < start + count; frame++) words[stateOf({ memory, frames, firstFrame }, 1 + frame - firstFrame)] = reservedFrame;
    }
    for (let index = frames; index >= 1; index--) {
      if (words[frames + index] === reservedFrame) continue;
      words[linkOf(index)] = words[head] as number;
      words[head] = index;
    }
    return { memory, frames, firstFrame };
  },
  attach(stack: Stack) {
    const words = new Int32Array(stack.memory);
    const { frames, firstFrame } = stack;
    return {
      allocate(count: number): number {
        if (count !== 1) return -2;
        const index = pop(words);
        if (index === 0) return -1;
        Atomics.store(words, stateOf(stack, index), owned);
        return firstFrame + index - 1;
      },
      free(frame: number, count: number): number {
        const index = frame - firstFrame + 1;
        if (count !== 1 || index < 1 || index > frames) return -3;
        if (Atomics.compareExchange(words, stateOf(stack, index), owned, free) !== owned) return -4;
        push(words, index);
        return 0;
      },
    };
  },
  observe(stack: Stack): ObservedFrame[] {
    const words = new Int32Array(stack.memory);
    const names = ['allocated', 'allocated', 'reserved'] as const;
    const seen: ObservedFrame[] = [];
    for (let index = 1; index <= stack.frames; index++) seen.push(names[Atomics.load(words, stateOf(stack, index))] ?? 'offline');
    // What the stack holds is free, whatever its state says.
    for (let index = indexOf(Atomics.load(words, head)), left = stack.frames; index !== 0 && left > 0; index = Atomics.load(words, linkOf(index)), left--) seen[index - 1] = 'free';
    return seen;
  },
});
