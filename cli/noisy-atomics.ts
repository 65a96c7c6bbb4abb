import { Dice } from '../spec/stress-load.ts';
import type { AccessHelpers } from './real-modules.ts';

const accesses = ['load', 'store', 'add', 'sub', 'and', 'or', 'xor', 'exchange', 'compareExchange'] as const;

/**
 * Makes this thread's accesses to shared memory irregular: one in `noise`, on average, waits before it happens, most of them for some
 * turns of a loop, some for long enough that the system runs another thread. Replaces the methods of `Atomics`, and gives helpers in place of those of `impl/access.ts`.
 */
export function noisyHelpers(seed: number, thread: number, noise: number): AccessHelpers {
  const dice = new Dice(seed, 0x4015e + thread);
  const aside = new Int32Array(new SharedArrayBuffer(4));
  const { load, wait } = Atomics;
  const pause = (Atomics as { pause?: () => void }).pause;
  const before = (): void => {
    if (dice.roll(noise) !== 0) return;
    if (dice.roll(8) === 0) wait(aside, 0, 0, 0.05);
    else for (let spin = dice.roll(200); spin > 0; spin--) load(aside, 0);
  };
  for (const name of accesses) {
    const really = Atomics[name] as (view: Int32Array, index: number, value: number, desired: number) => number;
    const noisy = (view: Int32Array, index: number, value: number, desired: number): number => {
      before();
      return really(view, index, value, desired);
    };
    Object.assign(Atomics, { [name]: noisy });
  }
  const read = (view: Int32Array, index: number): number => {
    before();
    return view[index] as number;
  };
  const write = (view: Int32Array, index: number, value: number): void => {
    before();
    view[index] = value;
  };
  return { peek: read, ownRead: read, poke: write, pokeTag: write, ownWrite: write, pause: () => pause?.() };
}
