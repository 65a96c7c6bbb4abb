import type { LitmusStep, LitmusTest } from '../../spec/explore/litmus.ts';

interface Write {
  readonly value: number;
  readonly thread: number;
  /** Number of the event within its thread, from 1; 0: the initial value. */
  readonly number: number;
  /** What happens before it, by thread. */
  readonly clock: readonly number[];
  readonly atomic: boolean;
}

/**
 * All outcomes of a straight program as sorted texts, by going through every interleaving with no reduction: what the explorer is compared
 * with. With `weak`, a hint read gives every write that was executed and that no other hides by happens-before, whichever way that could be had otherwise.
 */
export function outcomesByHand({ initial, threads }: LitmusTest, weak: boolean): string[] {
  const names = Object.keys(initial);
  const outcomes = new Set<string>();
  const none = threads.map(() => 0);
  const start: Record<string, readonly Write[]> = Object.fromEntries(names.map((name) => [name, [{ value: initial[name] as number, thread: -1, number: 0, clock: none, atomic: false }]]));

  const go = (done: readonly number[], clocks: readonly (readonly number[])[], memory: Record<string, readonly Write[]>, regs: readonly Record<string, number>[]): void => {
    let ended = true;
    for (const [thread, steps] of threads.entries()) {
      const step = steps[done[thread] as number] as Exclude<LitmusStep, { op: 'if' | 'assume' | 'assert' | 'set' }> | undefined;
      if (step === undefined) continue;
      ended = false;
      const writes = memory[step.cell] as readonly Write[];
      const last = writes.at(-1) as Write;
      const hint = 'hint' in step && step.hint === true;
      const number = (done[thread] as number) + 1;
      const own = [...(clocks[thread] as readonly number[])];
      const acquires = !hint && step.op !== 'store' && last.atomic;
      const clock = own.map((count, each) => (each === thread ? number : acquires ? Math.max(count, last.clock[each] as number) : count));
      const next = (value: number | undefined, written: number | undefined): void =>
        go(
          done.map((count, each) => (each === thread ? count + 1 : count)),
          clocks.map((each, at) => (at === thread ? clock : each)),
          written === undefined ? memory : { ...memory, [step.cell]: [...writes, { value: written, thread, number, clock, atomic: !hint }] },
          'reg' in step && step.reg !== undefined && value !== undefined ? regs.map((each, at) => (at === thread ? { ...each, [step.reg as string]: value } : each)) : regs,
        );
      if (step.op === 'store') next(undefined, step.val as number);
      else if (step.op === 'add') next(last.value, last.value + (step.val as number));
      else if (!hint || !weak) next(last.value, undefined);
      else for (const write of writes) if (isVisible(write, writes, own)) next(write.value, undefined);
    }
    if (!ended) return;
    outcomes.add(JSON.stringify({ mem: Object.fromEntries(names.map((name) => [name, (memory[name] as readonly Write[]).at(-1)?.value])), regs: threads.map((steps, thread) => named(steps, regs[thread] as Record<string, number>)) }));
  };

  go(none, threads.map(() => none), start, threads.map(() => ({})));
  return [...outcomes].sort();
}

const before = (one: Write, clock: readonly number[]): boolean => one.number === 0 || (clock[one.thread] as number) >= one.number;

const isVisible = (write: Write, writes: readonly Write[], clock: readonly number[]): boolean =>
  !writes.some((other) => other !== write && other.number > 0 && before(write, other.clock) && before(other, clock));

/** Every register that a program names, in its order. */
const named = (steps: readonly LitmusStep[], values: Record<string, number>): Record<string, number> =>
  Object.fromEntries(steps.flatMap((step) => ('reg' in step && step.reg !== undefined ? [[step.reg, values[step.reg] ?? 0]] : [])));
