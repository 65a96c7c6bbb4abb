import { explorerRow, largest, median, type ExplorerRow, type Rounds } from '../bench/explorer.ts';
import { runLitmusBy, type LitmusSlice, type LitmusWork } from '../spec/litmus-slice.ts';
import { Jobs } from './jobs.ts';

type LitmusCrew = Jobs<LitmusWork, LitmusSlice>;
const wants = { outcomes: false, bounds: false };
const now = (): number => performance.now();

/**
 * How many times as much two threads explore as one in the same time; undefined if stopped. By two crews that explore the same programs round
 * after round: what a rate is once the engine of each thread has compiled, which takes about as long as these programs do.
 */
export async function jobsRow({ warm, counted }: Rounds, cpuMs: () => number, stop: () => Promise<boolean>): Promise<ExplorerRow | undefined> {
  const crews = [1, 2].map((threads) => new Jobs<LitmusWork, LitmusSlice>(threads));
  const [one, two] = crews as [LitmusCrew, LitmusCrew];
  try {
    for (const crew of crews) crew.begin({ kind: 'litmus', ...wants });
    const ratios: number[] = [];
    const processors: number[] = [];
    for (let round = 0; round < warm + counted; round++) {
      const alone = await msOf(one);
      const used = cpuMs();
      const together = await msOf(two);
      if (round >= warm) {
        ratios.push(alone / together);
        processors.push((cpuMs() - used) / together);
      }
      if (await stop()) return undefined;
    }
    return { ...explorerRow('two threads ÷ one', 'times', { least: 1.8 }, ratios), processors: median(processors) };
  } finally {
    await Promise.all(crews.map((crew) => crew.close()));
  }
}

async function msOf(crew: LitmusCrew): Promise<number> {
  const started = now();
  for (const next of runLitmusBy(crew, largest, { ...wants, now, stop: () => false })) if (next === 'wait') await crew.arrival(200);
  return now() - started;
}
