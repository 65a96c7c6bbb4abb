import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Subject } from '../spec/contract.ts';
import { SubjectError } from '../spec/explore/subject-error.ts';
import { whyNoSubject } from '../spec/subject.ts';
import { inCheckout, moduleHost, sourceFolder } from './module-host.ts';

/** The plain-access helpers that stand in for those of `impl/access.ts`. */
export type AccessHelpers = Readonly<Record<'peek' | 'poke' | 'pokeTag' | 'ownRead' | 'ownWrite' | 'pause', (...parts: never[]) => unknown>>;

const helpersUrl = 'frameproof-helpers:access';
const helpersKey = Symbol.for('frameproof.access-helpers');
const tool = pathToFileURL(join(import.meta.dirname, '..', 'spec', inCheckout ? 'index.ts' : 'index.js')).href;

/**
 * Loads a subject as Node does, types stripped and nothing rewritten: what the explorer's printer makes of a source has no part in it. Names mean what they mean
 * to the explorer (`frameproof` is the running tool, wherever the subject lies). With `helpers`, those are found in the place of the plain-access helpers.
 */
export async function loadUnchanged(file: string, helpers?: AccessHelpers): Promise<Subject> {
  const sources = new Set([pathToFileURL(file).href]);
  const ours = (url: string): { url: string; format: 'module'; shortCircuit: true } => ({ url, format: 'module', shortCircuit: true });
  Object.assign(globalThis, { [helpersKey]: helpers });
  // The module host asks Node where a package lies, and Node asks every hook.
  let asking = false;
  const found = (specifier: string, from: string): ReturnType<typeof moduleHost.resolve> => {
    asking = true;
    try {
      return moduleHost.resolve(specifier, from);
    } finally {
      asking = false;
    }
  };
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      const { parentURL } = context;
      if (sources.has(specifier)) return ours(specifier);
      if (asking || parentURL === undefined || !sources.has(parentURL)) return next(specifier, context);
      if (specifier === 'frameproof') return next(tool, context);
      const meant = found(specifier, fileURLToPath(parentURL));
      if (meant.kind === 'external') return next(specifier, context);
      if (meant.kind === 'intrinsics' && helpers !== undefined) return ours(helpersUrl);
      const url = pathToFileURL(meant.kind === 'intrinsics' ? join(sourceFolder, 'impl', 'access.ts') : meant.path).href;
      sources.add(url);
      return ours(url);
    },
    load: (url, context, next) => {
      if (url === helpersUrl) return { format: 'module', shortCircuit: true, source: `export const { ${Object.keys(helpers ?? {}).join(', ')} } = globalThis[Symbol.for('frameproof.access-helpers')];` };
      if (!sources.has(url)) return next(url, context);
      const path = fileURLToPath(url);
      const text = readFileSync(path, 'utf8');
      return { format: 'module', shortCircuit: true, source: /\.[mc]?ts$/.test(path) ? stripTypeScriptTypes(text) : text };
    },
  });
  try {
    const loaded = (await import(pathToFileURL(file).href)) as { default?: unknown };
    const why = whyNoSubject(loaded.default);
    if (why !== undefined) throw new SubjectError(why);
    return loaded.default as Subject;
  } finally {
    hooks.deregister();
  }
}
