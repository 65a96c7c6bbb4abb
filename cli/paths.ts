import process from 'node:process';
import { relative, resolve } from 'node:path';

/**
 * The folder where the command was typed: npm runs a checkout's script in the package's root and says here where it came from. A consumer
 * may have a script of the same name, whose paths are meant from its own package's root, where npm runs it.
 */
const typedElsewhere = import.meta.filename.endsWith('.ts') && process.env['npm_lifecycle_event'] === 'frameproof' ? process.env['INIT_CWD'] : undefined;
export const typedIn = typedElsewhere ?? process.cwd();

export const fromTyped = (path: string): string => resolve(typedIn, path);

/** A path as short as it can be said from where the command was typed. */
export function shown(path: string): string {
  const near = relative(typedIn, path);
  return near.startsWith('../../..') || near === '' ? path : near;
}
