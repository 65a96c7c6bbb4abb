import { check, type CheckPlan } from '../../spec/check.ts';
import type { Subject } from '../../spec/contract.ts';
import { loadForExploration, type ModuleHost } from '../../spec/explore/link.ts';
import { mode } from '../../spec/explore/access.ts';
import type { Phase } from '../../spec/plan.ts';
import type { SubjectReport } from '../../spec/report.ts';
import type { LoadedSubject } from '../../spec/subject.ts';
import { moduleHost } from '../../cli/module-host.ts';
import { builtins } from '../../cli/subjects.ts';

/** A bug planted in a source when it is read: `from` must stand there exactly once. */
export interface Plant {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

function planted(plants: readonly Plant[], read: ModuleHost['read']): ModuleHost {
  return {
    ...moduleHost,
    read: (path) => {
      let text = read(path);
      for (const { file, from, to } of plants) {
        if (!path.endsWith(file)) continue;
        const parts = text.split(from);
        if (parts.length !== 2) throw new Error(`'${from}' stands ${parts.length - 1} times in ${file}`);
        text = parts.join(to);
      }
      return text;
    },
  };
}

/** A subject by path, or `builtin:NAME`, with bugs planted. */
export async function load(target: string, plants: readonly Plant[] = [], read = moduleHost.read): Promise<LoadedSubject> {
  const path = target.startsWith('builtin:') ? (builtins[target.slice(8)] as string) : target;
  const { exports, ...loaded } = await loadForExploration(path, planted(plants, read));
  return { subject: exports['default'] as Subject, module: target, ...loaded };
}

/** A subject out of source text; `frameproof` and `frameproof/impl` mean what they mean to a user. */
export async function loadText(text: string, more: Readonly<Record<string, string>> = {}): Promise<LoadedSubject> {
  const files: Readonly<Record<string, string>> = { '/virtual/main.ts': text, ...Object.fromEntries(Object.entries(more).map(([name, body]) => [`/virtual/${name}`, body])) };
  const host: ModuleHost = {
    ...moduleHost,
    read: (path) => files[path] ?? moduleHost.read(path),
    resolve: (specifier, from) => {
      const path = `/virtual/${specifier.slice(2)}`;
      return from.startsWith('/virtual/') && path in files ? { kind: 'source', path } : moduleHost.resolve(specifier, from);
    },
  };
  const { exports, ...loaded } = await loadForExploration('/virtual/main.ts', host);
  return { subject: exports['default'] as Subject, module: 'virtual', ...loaded };
}

export const planDefaults: Omit<CheckPlan, 'phases'> = { scenarios: [], seed: 1, bail: 1, shrinkExecutions: 100_000, executionsMax: 300_000, invariants: [] };

/** Runs a check to its end, without a clock. */
export function runCheck(loaded: LoadedSubject, phases: readonly Phase[], options: Partial<CheckPlan> = {}, stop = (): boolean => false): SubjectReport {
  const run = check(loaded, { ...planDefaults, phases, ...options }, { stop, now: () => 0 });
  try {
    for (;;) {
      const next = run.next();
      if (next.done === true) return next.value;
    }
  } finally {
    mode.live = false;
  }
}
