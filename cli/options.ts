import { parseArgs } from 'node:util';
import { UsageError } from './exit-codes.ts';

/** One option of a command: a flag, or a text with its placeholder. */
export interface OptionSpec {
  readonly placeholder?: string;
  readonly help: string;
  readonly many?: boolean;
  /** What the option means when no value follows; left out: it needs one. */
  readonly bare?: string;
}
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

export interface Parsed {
  readonly positionals: readonly string[];
  flag(name: string): boolean;
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  /** A whole number within bounds, or undefined. */
  count(name: string, min: number, max?: number): number | undefined;
}

export const commonOptions: OptionSpecs = {
  json: { help: 'one JSON value on stdout and nothing else there' },
  quiet: { help: 'no progress, and less on the screen' },
  'no-color': { help: 'no colour (also: NO_COLOR in the environment)' },
  help: { help: 'this text' },
};

/** Reads arguments by their specs. Throws {@link UsageError} with the nearest known option. */
export function parseOptions(args: readonly string[], specs: OptionSpecs): Parsed {
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [name, { type: spec.placeholder === undefined ? ('boolean' as const) : ('string' as const), multiple: spec.many === true }]),
  );
  let parsed: { values: Record<string, unknown>; positionals: string[] };
  try {
    parsed = parseArgs({ args: withBare(args, specs), options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(explain(error as Error, args, specs));
  }
  const { values, positionals } = parsed;
  const text = (name: string): string | undefined => values[name] as string | undefined;
  return {
    positionals,
    flag: (name) => values[name] === true,
    text,
    texts: (name) => (values[name] as string[] | undefined) ?? [],
    count: (name, min, max = Number.MAX_SAFE_INTEGER) => {
      const given = text(name);
      if (given === undefined) return undefined;
      const value = Number(given);
      if (given.trim() === '' || !Number.isInteger(value) || value < min || value > max) {
        throw new UsageError(`--${name} ${given}: expected a whole number from ${min}${max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`}`);
      }
      return value;
    },
  };
}

/** The arguments with the values that are meant where none follows. */
function withBare(args: readonly string[], specs: OptionSpecs): string[] {
  return args.map((arg, at) => {
    const bare = arg.startsWith('--') ? specs[arg.slice(2)]?.bare : undefined;
    return bare !== undefined && /^-|^$/.test(args[at + 1] ?? '') ? `${arg}=${bare}` : arg;
  });
}

/** What was given, as arguments again, but for some options. */
export function argumentsOf(parsed: Parsed, specs: OptionSpecs, except: readonly string[]): string[] {
  const options = Object.entries(specs).filter(([name]) => !except.includes(name)).flatMap(([name, { placeholder, many }]) => {
    if (placeholder === undefined) return parsed.flag(name) ? [`--${name}`] : [];
    return (many === true ? parsed.texts(name) : [parsed.text(name) ?? []].flat()).map((value) => `--${name}=${value}`);
  });
  return [...parsed.positionals, ...options];
}

/** A duration such as 60s in milliseconds; none given: no limit. */
export function timeLimit(text: string | undefined): number {
  if (text === undefined) return Infinity;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  if (match === null) throw new UsageError(`--time ${text}: expected a duration such as 60s, 10m or 500ms`);
  return Number(match[1]) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[(match[2] ?? 's') as 'ms' | 's' | 'm' | 'h'];
}

function explain(error: Error, args: readonly string[], specs: OptionSpecs): string {
  const unknown = /Unknown option '(-[^']*)'/.exec(error.message)?.[1];
  if (unknown === undefined) {
    const missing = /Option '(?:-\w, )?(--[\w-]+) <value>' argument/.exec(error.message)?.[1];
    if (missing !== undefined) return `${missing} needs a value${specs[missing.slice(2)]?.placeholder === undefined ? '' : `: ${missing} ${specs[missing.slice(2)]?.placeholder}`}`;
    return (error.message.split('\n')[0] as string).replace(/^TypeError: /, '');
  }
  const name = unknown.replace(/^-+/, '');
  const near = Object.keys(specs).map((each) => ({ each, distance: distance(each, name) })).sort((a, b) => a.distance - b.distance)[0];
  const hint = near !== undefined && near.distance <= 3 ? `; did you mean --${near.each}?` : `; --help lists the options`;
  return `unknown option ${args.find((arg) => arg.startsWith(unknown)) ?? unknown}${hint}`;
}

/** Edit distance of two short words. */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min((next[j - 1] as number) + 1, (row[j] as number) + 1, (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** `  --name PLACEHOLDER   help`, aligned. */
export function describeOptions(specs: OptionSpecs): string {
  const rows = Object.entries(specs).map(([name, { placeholder, help }]) => [`--${name}${placeholder === undefined ? '' : ` ${placeholder}`}`, help] as const);
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
}
