import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ModuleHost } from '../spec/explore/link.ts';
import * as frameproof from '../spec/index.ts';

/** Whether this runs from its sources, as in a checkout; in the package it runs from what they were compiled to, in `dist`. */
export const inCheckout = import.meta.filename.endsWith('.ts');

/**
 * Where the sources of the allocator lie. The package carries them beside `dist`, and they are what is explored there as well, so that a
 * counterexample names the lines that people read.
 */
export const sourceFolder = resolve(import.meta.dirname, inCheckout ? '..' : '../..');

const implementation = join(sourceFolder, 'impl', 'index.ts');
const intrinsics = join(sourceFolder, 'impl', 'access.ts');
const endings = ['', '.ts', '.mts', '.js', '.mjs', '/index.ts', '/index.js'];

/** Modules on the file system, as Node finds them; `frameproof` is the running tool, wherever the subject lies. */
export const moduleHost: ModuleHost = {
  read: (path) => readFileSync(path, 'utf8'),
  resolve: (specifier, from) => {
    if (specifier === 'frameproof') return { kind: 'external' };
    if (specifier === 'frameproof/impl') return { kind: 'source', path: implementation };
    if (!specifier.startsWith('.') && !specifier.startsWith('/')) return byName(specifier, from);
    const base = resolve(dirname(from), specifier);
    const found = endings.map((ending) => base + ending).find(isFile) ?? sourceOf(base);
    if (found === undefined) return { kind: 'source', path: base };
    const path = realpathSync(found);
    return path === intrinsics ? { kind: 'intrinsics' } : { kind: 'source', path };
  },
  external: async (specifier, from) => {
    if (specifier === 'frameproof') return frameproof;
    return (await import(whereNodeFinds(specifier, from))) as Record<string, unknown>;
  },
};

/**
 * A module named by package, or by the `imports` of one's own package.json. What lies outside of node_modules (a package of the same
 * workspace) is the user's own source and is explored like what is imported by path.
 */
function byName(specifier: string, from: string): ReturnType<ModuleHost['resolve']> {
  const url = whereNodeFinds(specifier, from);
  if (!url.startsWith('file:')) return { kind: 'external' };
  const path = realpathSync(fileURLToPath(url));
  const installed = path.split(sep).includes('node_modules');
  return installed || !/\.m?[jt]s$/.test(path) ? { kind: 'external' } : { kind: 'source', path };
}

let asked = 0;

/**
 * What Node's own `import` in the module `from` would load, as a URL. Asked through a hook: `require.resolve` does not see packages that
 * have an `import` condition only, and `import.meta.resolve` has no say about the importing module.
 */
function whereNodeFinds(specifier: string, from: string): string {
  const question = `frameproof-asks:${asked++}`;
  const hooks = registerHooks({
    resolve: (wanted, context, next) => (wanted === question ? next(specifier, { ...context, parentURL: pathToFileURL(from).href }) : next(wanted, context)),
  });
  try {
    return import.meta.resolve(question);
  } finally {
    hooks.deregister();
  }
}

const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile();

/** TypeScript may name the JavaScript that a module becomes. */
function sourceOf(base: string): string | undefined {
  const source = base.replace(/\.([mc]?)js$/, '.$1ts');
  return source !== base && existsSync(source) ? source : undefined;
}
