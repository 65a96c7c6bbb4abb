import type { Rules } from '../model/index.ts';
import type { Subject } from './contract.ts';
import { requests, type Coroutine } from './explore/access.ts';
import { SubjectError } from './explore/subject-error.ts';
import type { Site } from './explore/sites.ts';
import { traced } from './explore/traced-view.ts';

/** A subject whose functions were rewritten for exploration, and where it came from. */
export interface LoadedSubject {
  readonly subject: Subject;
  /** As named on the command line. */
  readonly module: string;
  readonly sites: readonly Site[];
  readonly files: readonly string[];
  /** Packages that it uses as they are. */
  readonly packages: readonly string[];
}

const featureNames = ['contiguous', 'align', 'orders', 'caches', 'zones', 'nodes', 'emergency', 'crash', 'exactErrors'];
const policyNames = ['keeps-chunks'];
const keys = ['name', 'features', 'limits', 'placement', 'progress', 'waitingPoints', 'policy', 'create', 'attach', 'observe', 'hints', 'recover'];

/** Why a module's default export is no subject, or undefined. */
export function whyNoSubject(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'its default export must be a subject: export default defineSubject({ name, create, attach })';
  const subject = value as Record<string, unknown>;
  if ('operations' in subject) return "the key 'operations' is reserved for operations of the subject's own, which do not exist yet";
  const unknown = Object.keys(subject).find((key) => !keys.includes(key));
  if (unknown !== undefined) return `unknown key '${unknown}' of a subject; known: ${keys.join(', ')}`;
  if (typeof subject['name'] !== 'string' || subject['name'] === '') return "a subject's name must be a text";
  for (const key of ['create', 'attach']) if (typeof subject[key] !== 'function') return `a subject's ${key} must be a function`;
  for (const key of ['observe', 'hints', 'recover']) if (key in subject && typeof subject[key] !== 'function') return `a subject's ${key} must be a function`;
  const placement = subject['placement'];
  if (placement !== undefined && placement !== 'any' && placement !== 'chunk' && placement !== 'buddy') return "a subject's placement is 'any', 'chunk' or 'buddy'";
  const policy = subject['policy'];
  if (policy !== undefined && !(Array.isArray(policy) && policy.every((name) => policyNames.includes(name as string)))) return `a subject's policy is a list of ${policyNames.join(', ')}`;
  const waiting = subject['waitingPoints'];
  if (waiting !== undefined && !(Array.isArray(waiting) && waiting.every((name) => typeof name === 'string'))) return "a subject's waitingPoints are names of functions";
  const promise = whyNoProgress(subject['progress']);
  if (promise !== undefined) return promise;
  const wrong = Object.keys((subject['features'] as object | undefined) ?? {}).find((key) => !featureNames.includes(key));
  if (wrong !== undefined) return `unknown feature '${wrong}'; known: ${featureNames.join(', ')}`;
  const limits = Object.entries((subject['limits'] as Record<string, unknown> | undefined) ?? {});
  const limit = limits.find(([key, most]) => !['framesMax', 'countMax', 'workersMax'].includes(key) || !Number.isInteger(most) || (most as number) < 1);
  if (limit !== undefined) return `limits.${limit[0]} must be framesMax, countMax or workersMax, a whole number from 1`;
  return undefined;
}

const kinds = ['lock-free', 'obstruction-free', 'blocking'];

function whyNoProgress(progress: unknown): string | undefined {
  if (progress === undefined) return undefined;
  if (typeof progress !== 'object' || progress === null) return "a subject's progress maps operations to 'lock-free', 'obstruction-free' or 'blocking'";
  for (const [operation, promise] of Object.entries(progress)) {
    if (operation !== 'allocate' && operation !== 'free') return `progress.${operation}: known operations are allocate and free`;
    const { kind, steps, perInterference, ...unknown } = (typeof promise === 'object' && promise !== null ? promise : { kind: promise }) as Record<string, unknown>;
    if (!kinds.includes(kind as string)) return `progress.${operation} must be ${kinds.join(', ')}, alone or as { kind, steps?, perInterference? }`;
    for (const [name, bound] of Object.entries({ steps, perInterference })) {
      if (bound !== undefined && !(typeof bound === 'number' && bound >= 0)) return `progress.${operation}.${name} must be a number of accesses from 0`;
    }
    const [wrong] = Object.keys(unknown);
    if (wrong !== undefined) return `unknown key '${wrong}' of progress.${operation}; known: kind, steps, perInterference`;
  }
  return undefined;
}

/** What the model must know of a subject. */
export function rulesOf({ features = {}, placement = 'any' }: Subject): Rules {
  return { placement, exactErrors: features.exactErrors === true, orders: features.orders === true };
}

/** Runs a part of a subject that has no way to fail; what it throws is told with its name. */
export function* trusted<Result>(what: string, run: () => Result | Coroutine<Result>): Coroutine<Result> {
  try {
    return (requests.enters(run()) ? yield : requests.got()) as Result;
  } catch (error) {
    throw troubleIn(what, error);
  }
}

/** What a part of a subject that cannot fail threw, told with its name. */
export function troubleIn(what: string, error: unknown): unknown {
  return error instanceof SubjectError || !(error instanceof Error) ? error : new SubjectError(`${what} threw ${error.name}: ${error.message}`);
}

/**
 * Makes a worker's own copies of the shared state: plain data copied, SharedArrayBuffers shared, as structuredClone does for a real
 * thread. What is copied is decided once, since every execution attaches its workers anew.
 */
export function copierOf(shared: unknown): () => unknown {
  if (typeof shared === 'function' || typeof shared === 'symbol') {
    throw new SubjectError(`create() gave a ${typeof shared}, which no worker can receive; give plain data and SharedArrayBuffers`);
  }
  if (typeof shared !== 'object' || shared === null || shared instanceof SharedArrayBuffer) return () => shared;
  if (ArrayBuffer.isView(shared) && shared.buffer instanceof SharedArrayBuffer) return () => traced(shared);
  const prototype: unknown = Object.getPrototypeOf(shared);
  if (!Array.isArray(shared) && prototype !== Object.prototype && prototype !== null) return () => structuredClone(shared);
  const nested = Object.entries(shared).flatMap(([key, value]): [string, () => unknown][] => {
    const copier = copierOf(value);
    return typeof value === 'object' && value !== null && copier() !== value ? [[key, copier]] : [];
  });
  return () => {
    const copy = (Array.isArray(shared) ? [...shared] : { ...shared }) as Record<string, unknown>;
    for (const [key, copier] of nested) copy[key] = copier();
    return copy;
  };
}
