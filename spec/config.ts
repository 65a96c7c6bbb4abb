import type { PresetName } from './plan.ts';

/** What `frameproof.config.ts` may set; a flag on the command line goes before it. */
export interface Config {
  /** Modules (relative to the config) or `builtin:NAME`, judged when the command line names none. */
  readonly subjects?: readonly string[];
  readonly preset?: PresetName;
  readonly seed?: number;
  /** Violations after which to stop. */
  readonly bail?: number;
}

const types: Readonly<Record<keyof Config, (value: unknown) => boolean>> = {
  subjects: (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
  preset: (value) => value === 'smoke' || value === 'ci' || value === 'nightly',
  seed: Number.isInteger,
  bail: (value) => Number.isInteger(value) && (value as number) > 0,
};

/** Why a value is no configuration, or undefined. */
export function whyNoConfig(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'its default export must be a configuration: export default defineConfig({ subjects: […] })';
  for (const [key, each] of Object.entries(value)) {
    if (!Object.hasOwn(types, key)) return `unknown key '${key}'; known: ${Object.keys(types).join(', ')}`;
    if (each !== undefined && !types[key as keyof Config](each)) return `'${key}' must be ${{ subjects: 'a list of modules', preset: "'smoke', 'ci' or 'nightly'", seed: 'a whole number', bail: 'a whole number from 1' }[key as keyof Config]}`;
  }
  return undefined;
}
