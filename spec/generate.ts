import fc from 'fast-check';
import { entries, type AllocateCommand, type Command, type Surroundings } from './commands/index.ts';
import type { Features } from './contract.ts';
import { geometryOf, type Scope } from './scope.ts';
import { renumbered, whyImpossible, type PrefixCommand, type Scenario } from './scenario.ts';

/**
 * Every scenario of a scope: each prefix of at most `prefixOps` allocations by thread 0 and each combination of commands in the threads.
 * Frees refer to the own latest run, to any run of the prefix or of another thread, whole or with a wrong count.
 */
export function* enumerate(scope: Scope, features: Features): Generator<Scenario> {
  for (const prefix of prefixes(scope, features)) {
    const slots = scope.threads * scope.ops;
    for (const kinds of product(Array.from({ length: slots }, () => [...allocations(scope, features), undefined]))) {
      yield* filled(scope, features, prefix, kinds);
    }
  }
}

function allocations(scope: Scope, features: Features): AllocateCommand[] {
  return entries.allocate.enumerate(surroundings(scope, features, [], []), 0);
}

function* prefixes(scope: Scope, features: Features): Generator<AllocateCommand[]> {
  for (let length = 0; length <= scope.prefixOps; length++) {
    for (const commands of product(Array.from({ length }, () => allocations(scope, features)))) {
      const numbered = commands.map((command, variable) => ({ ...command, variable }));
      if (numbered.reduce((sum, { count }) => sum + count, 0) <= scope.frames) yield numbered;
    }
  }
}

/** `kinds`: the allocate of each slot, or a place for a free; all ways to fill those. */
function* filled(scope: Scope, features: Features, prefix: readonly AllocateCommand[], kinds: readonly (AllocateCommand | undefined)[]): Generator<Scenario> {
  const fixed = kinds.map((command, slot) => command && { ...command, variable: prefix.length + slot });
  const threadOf = (slot: number): number => Math.floor(slot / scope.ops);
  const choices = fixed.map((command, slot): readonly Command[] => {
    if (command !== undefined) return [command];
    const runs = fixed.flatMap((run, at) => (run === undefined ? [] : [{ run, at }]));
    const own = runs.filter(({ at }) => threadOf(at) === threadOf(slot) && at < slot).map(({ run }) => run);
    const others = runs.filter(({ at }) => threadOf(at) !== threadOf(slot)).map(({ run }) => run);
    return entries.free.enumerate(surroundings(scope, features, own, [...prefix, ...others]), -1);
  });
  for (const commands of product(choices)) {
    const threads = Array.from({ length: scope.threads }, (_, thread) => commands.slice(thread * scope.ops, (thread + 1) * scope.ops));
    const scenario: Scenario = { geometry: geometryOf(scope), prefix: prefix.map((command) => ({ worker: 0, command })), threads };
    if (whyImpossible(scenario) === undefined) yield renumbered(scenario);
  }
}

function* product<T>(choices: readonly (readonly T[])[]): Generator<T[]> {
  const [first, ...rest] = choices;
  if (first === undefined) {
    yield [];
    return;
  }
  for (const each of first) for (const others of product(rest)) yield [each, ...others];
}

function surroundings(scope: Scope, features: Features, own: readonly AllocateCommand[], others: readonly AllocateCommand[]): Surroundings {
  const { countMax, firstFrame, frames, misuse, maxOrder, countLimit } = scope;
  const wrongCounts = misuse && features.contiguous === true ? [0, 2 ** maxOrder + 1].filter((count) => count <= countLimit) : [];
  return { features, countMax, firstFrame, frames, misuse, wrongCounts, own, others };
}

/** Scenarios within a scope, as fast-check generates them: threads and prefix up to their bounds, frees of anything that is there. */
export function arbitraryScenario(scope: Scope, features: Features): fc.Arbitrary<Scenario> {
  return fc
    .gen()
    .map((g) => {
      let variable = 0;
      const runs: { thread: number; run: AllocateCommand }[] = [];
      const command = (thread: number): Command => {
        const own = runs.filter((each) => each.thread === thread).map(({ run }) => run);
        const others = runs.filter((each) => each.thread !== thread).map(({ run }) => run);
        const around = surroundings(scope, features, own, others);
        const free = entries.free.arbitrary(around, variable);
        const wanted = free !== undefined && g(fc.boolean) ? free : (entries.allocate.arbitrary(around, variable) as fc.Arbitrary<Command>);
        const chosen = g((arbitrary: fc.Arbitrary<Command>) => arbitrary, wanted);
        if (chosen.name === 'allocate') {
          variable++;
          runs.push({ thread, run: chosen });
        }
        return chosen;
      };
      const prefix: PrefixCommand[] = [];
      for (let left = g(fc.nat, { max: scope.prefixOps }); left > 0; left--) {
        const worker = g(fc.nat, { max: scope.threads - 1 });
        prefix.push({ worker, command: command(worker) });
      }
      const threads: Command[][] = Array.from({ length: scope.threads }, () => []);
      // Slot by slot across the threads, so that a free can refer to what another thread allocates before it.
      for (let slot = 0; slot < scope.ops; slot++) {
        threads.forEach((commands, thread) => {
          if (slot === 0 || g(fc.nat, { max: 3 }) > 0) commands.push(command(thread));
        });
      }
      return { geometry: geometryOf(scope), prefix, threads };
    })
    .filter((scenario) => whyImpossible(scenario) === undefined)
    .map(renumbered);
}
