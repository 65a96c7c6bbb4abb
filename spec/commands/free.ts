import fc from 'fast-check';
import type { CommandEntry, FreeCommand } from './command.ts';

const whole = (variable: number): FreeCommand => ({ name: 'free', target: { variable, offset: 0 } });

export const free: CommandEntry<FreeCommand> = {
  name: 'free',
  needs: () => true,
  /**
   * The own latest run and every run of others: whole, and one frame too long (or, for a long run, one too short). With misuse also of
   * no frame and from its second frame on, and frames by number: the first and the last, and those beside the managed range.
   */
  enumerate: (around) => {
    const runs = [...around.own.slice(-1), ...around.others];
    const likely = runs.flatMap(({ variable, count }): FreeCommand[] => [whole(variable), { ...whole(variable), count: count === 1 ? 2 : count - 1 }]);
    if (!around.misuse) return likely;
    const inside = runs.flatMap(({ variable, count }): FreeCommand[] => [
      { ...whole(variable), count: 0 }, ...(count > 1 ? [{ name: 'free' as const, target: { variable, offset: 1 }, count: count - 1 }] : []),
    ]);
    const end = around.firstFrame + around.frames;
    const edges = [around.firstFrame - 1, around.firstFrame, end - 1, end].filter((frame) => frame >= 0);
    return [...likely, ...inside, ...edges.map((frame): FreeCommand => ({ name: 'free', target: { frame }, count: 1 }))];
  },
  arbitrary: (around) => {
    const runs = [...around.own, ...around.others];
    const byNumber = fc
      .record({ frame: fc.integer({ min: Math.max(0, around.firstFrame - 1), max: around.firstFrame + around.frames + 1 }), count: fc.integer({ min: 1, max: around.countMax }) })
      .map(({ frame, count }): FreeCommand => ({ name: 'free', target: { frame }, count }));
    if (runs.length === 0) return undefined;
    const run = fc.constantFrom(...runs);
    const wrong = fc
      .record({ run, offset: fc.nat({ max: 1 }), count: fc.integer({ min: 0, max: around.countMax }) })
      .map(({ run: { variable }, offset, count }): FreeCommand => ({ name: 'free', target: { variable, offset }, count }));
    return fc.oneof({ weight: 6, arbitrary: run.map(({ variable }) => whole(variable)) }, { weight: 2, arbitrary: wrong }, { weight: 1, arbitrary: byNumber });
  },
  waitsFor: ({ target }) => ('variable' in target ? target.variable : undefined),
  binds: () => undefined,
  run: (handle, command, value, countOf) => {
    const { frame, count } = resolved(command, value, countOf);
    return handle.free(frame, count);
  },
  operation: (command, worker, value, countOf) => ({ op: 'free', worker, ...resolved(command, value, countOf) }),
  print: ({ target, count }, named) => {
    const what = 'variable' in target ? `${named(target.variable) ?? '?'}${target.offset === 0 ? '' : `+${target.offset}`}` : `#${target.frame}`;
    return `free(${what}${count === undefined ? '' : `, ${count}`})`;
  },
  shrink: ({ target, count }) => {
    if (!('variable' in target)) return [];
    const simpler = whole(target.variable);
    if (count === undefined) return [];
    return target.offset === 0 ? [simpler, ...(count > 2 ? [{ ...simpler, count: 2 }] : [])] : [simpler, { ...simpler, count }];
  },
};

function resolved(command: FreeCommand, value: number, countOf: (variable: number) => number): { frame: number; count: number } {
  const { target, count } = command;
  if ('frame' in target) return { frame: target.frame, count: count ?? 1 };
  return { frame: value + target.offset, count: count ?? countOf(target.variable) };
}
