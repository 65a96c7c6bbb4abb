import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ModuleHost } from '../spec/explore/link.ts';
import * as frameproof from '../spec/index.ts';

/** The folder of the running tool, and the ending of its own modules: sources in a checkout, JavaScript in the package. */
export const toolFolder = resolve(import.meta.dirname, '..');
export const toolEnding = import.meta.filename.endsWith('.ts') ? '.ts' : '.js';

const intrinsics = join(toolFolder, 'impl', `access${toolEnding}`);
const endings = ['', '.ts', '.mts', '.js', '.mjs', '/index.ts', '/index.js'];

/** Modules on the file system, as Node finds them; `frameproof` is the running tool, wherever the subject lies. */
export const moduleHost: ModuleHost = {
  read: (path) => readFileSync(path, 'utf8'),
  resolve: (specifier, from) => {
    if (specifier === 'frameproof') return { kind: 'external' };
    if (specifier === 'frameproof/impl') return { kind: 'source', path: join(toolFolder, 'impl', `index${toolEnding}`) };
    if (!specifier.startsWith('.') && !specifier.startsWith('/')) return { kind: 'external' };
    const base = resolve(dirname(from), specifier);
    const found = endings.map((ending) => base + ending).find((path) => existsSync(path)) ?? sourceOf(base);
    if (found === undefined) return { kind: 'source', path: base };
    const path = realpathSync(found);
    return path === intrinsics ? { kind: 'intrinsics' } : { kind: 'source', path };
  },
  external: async (specifier, from) => {
    if (specifier === 'frameproof') return frameproof;
    const target = specifier.startsWith('node:') ? specifier : pathToFileURL(createRequire(from).resolve(specifier)).href;
    return (await import(target)) as Record<string, unknown>;
  },
};

/** TypeScript may name the JavaScript that a module becomes. */
function sourceOf(base: string): string | undefined {
  const source = base.replace(/\.([mc]?)js$/, '.$1ts');
  return source !== base && existsSync(source) ? source : undefined;
}
