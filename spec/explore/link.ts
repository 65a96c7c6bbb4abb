import { compileFunction } from 'node:vm';
import { isCoroutine, isGeneratorFunction, isSharedView, mode, requests, rounds, type Coroutine } from './access.ts';
import { SubjectError } from './subject-error.ts';
import { Colours, type Resolution } from './colour.ts';
import { rewrite } from './rewrite.ts';
import { survey, type ModuleInfo } from './scopes.ts';
import type { Site } from './sites.ts';
import { Refusal, Source } from './source.ts';
import { Running } from './running.ts';
import { TracedView, tracedConstructors } from './traced-view.ts';
import { performAlone } from './waiting.ts';

/** Where modules come from; the only thing here that differs between a terminal, a test and a browser. */
export interface ModuleHost {
  /** The text of a module; throws if there is none. */
  read(path: string): string;
  /** What an import means: another source to rewrite, the plain-access helpers, or something that is used as it is. */
  resolve(specifier: string, from: string): { readonly kind: 'source'; readonly path: string } | { readonly kind: 'intrinsics' } | { readonly kind: 'external' };
  /** A module that is used as it is. */
  external(specifier: string, from: string): Promise<Readonly<Record<string, unknown>>>;
}

export interface Loaded {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly sites: readonly Site[];
  /** Every file that was rewritten, entry first. */
  readonly files: readonly string[];
  /** Packages that are used as they are: what they do to shared memory is not seen. */
  readonly packages: readonly string[];
}

type Namespace = Record<string, unknown>;

/** Loads a module and what it imports by relative path, rewritten for exploration. Throws {@link Refusal}. */
export async function loadForExploration(entry: string, host: ModuleHost): Promise<Loaded> {
  const modules = new Map<string, ModuleInfo>();
  const externals = new Map<string, Namespace>();
  await gather(entry, host, modules, externals, []);
  const colours = new Colours({
    modules: [...modules.values()],
    resolve: (module, specifier) => resolution(module, specifier, host, modules),
  });
  const sites: Site[] = [];
  const namespaces = new Map<string, Namespace>();
  const evaluate = (path: string): Namespace => {
    const known = namespaces.get(path);
    if (known !== undefined) return known;
    const namespace: Namespace = {};
    namespaces.set(path, namespace);
    const module = modules.get(path) as ModuleInfo;
    const body = rewrite(module, colours, sites);
    const importer = (specifier: string): Namespace => {
      const found = host.resolve(specifier, path);
      if (found.kind === 'source') return evaluate(found.path);
      return found.kind === 'intrinsics' ? {} : (externals.get(`${specifier} ${path}`) as Namespace);
    };
    const scope = runtime(importer, namespace, sites);
    // Lines stay where they are, so that the stack of an error in a subject names its own lines.
    compileFunction(body, Object.keys(scope), { filename: path })(...Object.values(scope));
    return namespace;
  };
  const packages = [...new Set([...externals.keys()].map((key) => key.split(' ')[0] as string))].filter((specifier) => specifier !== 'frameproof' && !specifier.startsWith('node:'));
  return { exports: evaluate(entry), sites, files: [...modules.keys()], packages };
}

async function gather(path: string, host: ModuleHost, modules: Map<string, ModuleInfo>, externals: Map<string, Namespace>, trail: readonly string[]): Promise<void> {
  if (modules.has(path)) return;
  const module = survey(new Source(path, host.read(path)));
  modules.set(path, module);
  for (const specifier of module.imports) {
    const found = host.resolve(specifier, path);
    if (found.kind === 'external') {
      externals.set(`${specifier} ${path}`, await host.external(specifier, path));
    } else if (found.kind === 'source') {
      if (found.path === path || trail.includes(found.path)) {
        const at = Math.max(0, module.source.text.indexOf(specifier));
        throw new Refusal(module.source, at, `imports form a circle (${[...trail.slice(trail.indexOf(found.path)), path, found.path].join(' → ')}); move what both need to a third module`);
      }
      await gather(found.path, host, modules, externals, [...trail, path]);
    }
  }
}

function resolution(module: ModuleInfo, specifier: string, host: ModuleHost, modules: ReadonlyMap<string, ModuleInfo>): Resolution {
  const found = host.resolve(specifier, module.source.path);
  return found.kind === 'source' ? { kind: 'module', module: modules.get(found.path) as ModuleInfo } : found;
}

/** The names that rewritten code finds in its scope. */
function runtime(importer: (specifier: string) => Namespace, namespace: Namespace, sites: readonly Site[]): Record<string, unknown> {
  const define = (name: string, get: () => unknown): void => {
    Object.defineProperty(namespace, name, { get, enumerable: true, configurable: true });
  };
  const unseen = (site: number, what: string): SubjectError => {
    const { file, line, column, function: name } = sites[site] as Site;
    return new SubjectError(`${file}:${line}:${column}: ${name} ${what}`);
  };
  return {
    __import: importer,
    __export: (getters: Record<string, () => unknown>) => Object.entries(getters).forEach(([name, get]) => define(name, get)),
    __exportAll: (from: Namespace) => {
      for (const name of Object.keys(from)) if (name !== 'default' && !Object.hasOwn(namespace, name)) define(name, () => from[name]);
    },
    __plain: (value: unknown, site: number): unknown => {
      if (mode.live && isSharedView(value)) throw unseen(site, 'touches elements of a shared view where no access can be traced; use an index or Atomics, one element at a time, in a plain function');
      return value;
    },
    __finish: (result: unknown, site: number): unknown => {
      if (!isCoroutine(result)) return result;
      return finish(result, () => unseen(site, 'calls something that reaches shared memory where it cannot be interrupted (a constructor, an accessor, a default parameter or a callback); call it from a plain function'));
    },
    __rounds: rounds,
    __endless: (site: number): never => {
      rounds.since = 0;
      throw unseen(site, `goes round and round (${rounds.most.toLocaleString('en-US')} times) without an access to shared memory`);
    },
    // What is handed to the language's own functions: nobody there runs a generator, or sees the elements of a view.
    __handed: (value: unknown, site: number): unknown => {
      if (mode.live && TracedView.is(value)) throw unseen(site, 'hands a shared view to a function of the language, where no access can be traced; use an index or Atomics, one element at a time');
      if (!isGeneratorFunction(value)) return value;
      return function (this: unknown, ...parts: unknown[]): unknown {
        return finish(value.apply(this, parts), () => unseen(site, 'hands a function that reaches shared memory to one of the language, where it cannot be interrupted; write a loop, or a function of your own'));
      };
    },
    ...tracedConstructors(() => mode.live),
    ...Object.fromEntries(Object.entries(requests).map(([name, request]) => [`__${name}`, request])),
  };
}

/** Runs a coroutine at once. While threads are live it must not reach shared memory: `refusal` says so. */
function finish(coroutine: Coroutine, refusal: () => Error): unknown {
  const running = new Running(coroutine);
  let next = running.next(0);
  while (next.done !== true) {
    if (mode.live) throw refusal();
    next = running.next(performAlone());
  }
  return next.value;
}

/** Runs what a subject's function gave, a value or a coroutine, outside of any exploration. */
export function runAtOnce<Result>(result: Result | Coroutine<Result>): Result {
  return isCoroutine(result) ? (finish(result, () => new Error('threads are live')) as Result) : (result as Result);
}
