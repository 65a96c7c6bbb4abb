import { entryOf, type Command, type Variable } from './commands/index.ts';
import type { Geometry, Watermarks } from './contract.ts';
import { parseSchedule, printSchedule, threadName, type Decision } from './decision.ts';
import { commandsOf, renumbered, whyImpossible, type PrefixCommand, type Scenario } from './scenario.ts';

/** A text that is not a token; the message says where and what was expected. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
}

/** One counterexample as one line: subject, scenario and schedule. */
export interface Replayable {
  /** As it is named on the command line; empty if the token leaves it out. */
  readonly subject: string;
  readonly scenario: Scenario;
  readonly schedule: readonly Decision[];
}

/** `f8c4o3`: frames, chunk, order; then what differs from the default: `@16` first frame, `w3` workers, `r18+2` reserved, `m4/2/1+1` marks. */
export function printGeometry(geometry: Geometry, threads: number): string {
  const { frames, chunkFrames, maxOrder, firstFrame, workers, reserved, marks } = geometry;
  let out = `f${frames}c${chunkFrames}o${maxOrder}`;
  if (firstFrame !== 0) out += `@${firstFrame}`;
  if (workers !== Math.max(1, threads)) out += `w${workers}`;
  for (const { start, count } of reserved) out += `r${start}+${count}`;
  if (marks !== undefined) out += `m${marks.low}/${marks.min}/${marks.critical}+${marks.gap}`;
  return out;
}

/** `f8c4o3 | A: a=allocate(1) | A: free(a) B: allocate(4); allocate(1)`. Only runs that something refers to have names. */
export function printScenario(scenario: Scenario): string {
  const used = new Set(commandsOf(scenario).flatMap((command) => entryOf(command).waitsFor(command) ?? []));
  const named = (variable: Variable): string | undefined => (used.has(variable) ? variableName(variable) : undefined);
  const print = (command: Command): string => entryOf(command).print(command, named);
  let prefix = '';
  scenario.prefix.forEach(({ worker, command }, at) => {
    const same = at > 0 && scenario.prefix[at - 1]?.worker === worker;
    prefix += same ? `; ${print(command)}` : `${at === 0 ? '' : ' '}${threadName(worker)}: ${print(command)}`;
  });
  const threads = scenario.threads.map((commands, thread) => `${threadName(thread)}: ${commands.map(print).join('; ')}`).join(' ');
  return [printGeometry(scenario.geometry, scenario.threads.length), prefix, threads].filter((part, at) => part !== '' || at !== 1).join(' | ');
}

export const printReplay = ({ subject, scenario, schedule }: Replayable): string =>
  `${subject === '' ? '' : `${subject} | `}${printScenario(scenario)} | ${printSchedule(schedule)}`;

/** Reads a scenario alone. Throws {@link TokenError}. */
export function parseScenario(text: string): Scenario {
  const parts = text.split('|').map((part) => part.trim());
  if (parts.length < 2 || parts.length > 3) throw new TokenError(`a scenario is GEOMETRY | PREFIX | THREADS or GEOMETRY | THREADS, not '${text}'`);
  const variables = new Variables();
  const prefix = parts.length === 3 ? parseSections(parts[1] as string, variables) : [];
  const sections = parseSections(parts.at(-1) as string, variables);
  const threads: Command[][] = [];
  for (const { worker, commands } of sections) {
    while (threads.length <= worker) threads.push([]);
    (threads[worker] as Command[]).push(...commands);
  }
  const geometry = parseGeometry(parts[0] as string, threads.length);
  const flat: PrefixCommand[] = prefix.flatMap(({ worker, commands }) => commands.map((command) => ({ worker, command })));
  const scenario: Scenario = { geometry, prefix: flat, threads };
  const most = Math.max(threads.length - 1, ...flat.map(({ worker }) => worker));
  if (most >= geometry.workers) throw new TokenError(`worker ${threadName(most)} in a geometry of ${geometry.workers} workers; add w${most + 1} to the geometry`);
  const why = variables.unknown() ?? whyImpossible(scenario);
  if (why !== undefined) throw new TokenError(`this scenario cannot run: ${why}`);
  return renumbered(scenario);
}

/** Reads a whole replay token; the subject may be left out. Throws {@link TokenError}. */
export function parseReplay(text: string): Replayable {
  const parts = text.split('|').map((part) => part.trim());
  const withSubject = !/^f\d+c\d+/.test(parts[0] as string);
  const subject = withSubject ? (parts.shift() as string) : '';
  const scheduleText = parts.pop() ?? '';
  if (parts.length < 2) throw new TokenError(`a replay token is SUBJECT | GEOMETRY | PREFIX | THREADS | SCHEDULE, not '${text}'`);
  const schedule = parseSchedule(scheduleText);
  if (typeof schedule === 'string') throw new TokenError(schedule);
  return { subject, scenario: parseScenario(parts.join(' | ')), schedule };
}

const variableName = (variable: Variable): string => (variable < 26 ? String.fromCharCode(97 + variable) : `v${variable}`);

/** Names and numbers of runs while a token is read. */
class Variables {
  readonly #byName = new Map<string, Variable>();
  readonly #bound = new Set<string>();
  #next = 0;
  bind(name: string | undefined): Variable {
    if (name === undefined) return this.#next++;
    if (this.#bound.has(name)) throw new TokenError(`two runs are called '${name}'`);
    this.#bound.add(name);
    return this.use(name);
  }
  use(name: string): Variable {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    this.#byName.set(name, this.#next);
    return this.#next++;
  }
  unknown(): string | undefined {
    const name = [...this.#byName.keys()].find((each) => !this.#bound.has(each));
    return name === undefined ? undefined : `nothing allocates '${name}'`;
  }
}

function parseSections(text: string, variables: Variables): { worker: number; commands: Command[] }[] {
  const sections: { worker: number; commands: Command[] }[] = [];
  const starts = [...text.matchAll(/([A-Z]):/g)];
  if (text !== '' && starts[0]?.index !== 0) throw new TokenError(`expected a thread such as 'A: allocate(1)' at '${text}'`);
  starts.forEach((start, at) => {
    const body = text.slice(start.index + 2, starts[at + 1]?.index ?? text.length).trim();
    const commands = body === '' ? [] : body.split(';').map((part) => parseCommand(part.trim(), variables));
    sections.push({ worker: (start[1] as string).charCodeAt(0) - 65, commands });
  });
  return sections;
}

function parseCommand(text: string, variables: Variables): Command {
  const allocate = /^(?:([a-z]\w*)=)?allocate\((-?\d+)\)$/.exec(text);
  if (allocate !== null) return { name: 'allocate', count: Number(allocate[2]), variable: variables.bind(allocate[1]) };
  const bury = /^bury\(([A-Z])\)$/.exec(text);
  if (bury !== null) return { name: 'bury', dead: (bury[1] as string).charCodeAt(0) - 65 };
  const free = /^free\((?:#(\d+)|([a-z]\w*)(?:\+(\d+))?)(?:,\s*(-?\d+))?\)$/.exec(text);
  if (free === null) throw new TokenError(`'${text}' is not a command; known: a=allocate(COUNT), free(a), free(a, COUNT), free(a+1, COUNT), free(#FRAME, COUNT), bury(A)`);
  const count = free[4] === undefined ? {} : { count: Number(free[4]) };
  if (free[1] !== undefined) return { name: 'free', target: { frame: Number(free[1]) }, ...count };
  return { name: 'free', target: { variable: variables.use(free[2] as string), offset: Number(free[3] ?? 0) }, ...count };
}

function parseGeometry(text: string, threads: number): Geometry {
  const match = /^f(\d+)c(\d+)o(\d+)((?:@\d+|w\d+|r\d+\+\d+|m\d+\/\d+\/\d+\+\d+)*)$/.exec(text);
  if (match === null) throw new TokenError(`'${text}' is not a geometry such as f8c4o3 (frames, frames of a chunk, largest order; then @FIRST wWORKERS rSTART+COUNT mLOW/MIN/CRITICAL+GAP)`);
  const rest = match[4] as string;
  const reserved = [...rest.matchAll(/r(\d+)\+(\d+)/g)].map(([, start, count]) => ({ start: Number(start), count: Number(count) }));
  const marks = /m(\d+)\/(\d+)\/(\d+)\+(\d+)/.exec(rest);
  const geometry: Geometry = {
    frames: Number(match[1]),
    firstFrame: Number(/@(\d+)/.exec(rest)?.[1] ?? 0),
    chunkFrames: Number(match[2]),
    maxOrder: Number(match[3]),
    workers: Number(/w(\d+)/.exec(rest)?.[1] ?? Math.max(1, threads)),
    reserved,
    ...(marks === null ? {} : { marks: { low: Number(marks[1]), min: Number(marks[2]), critical: Number(marks[3]), gap: Number(marks[4]) } satisfies Watermarks }),
  };
  const why = whyNoGeometry(geometry);
  if (why !== undefined) throw new TokenError(why);
  return geometry;
}

/** Why no allocator can have this geometry. */
export function whyNoGeometry({ frames, firstFrame, chunkFrames, maxOrder, workers, reserved, marks }: Geometry): string | undefined {
  if (!Number.isInteger(frames) || frames < 1) return `${frames} frames: an allocator manages at least one`;
  if (!Number.isInteger(chunkFrames) || chunkFrames < 1 || (chunkFrames & (chunkFrames - 1)) !== 0) return `chunks of ${chunkFrames} frames: the size of a chunk is a power of two`;
  if (!Number.isInteger(maxOrder) || maxOrder < 0 || maxOrder > 30) return `order ${maxOrder}: the largest order is from 0 to 30`;
  if (!Number.isInteger(firstFrame) || firstFrame < 0) return `first frame ${firstFrame}: frame numbers start at 0`;
  if (!Number.isInteger(workers) || workers < 1 || workers > 26) return `${workers} workers: from 1 to 26`;
  for (const { start, count } of reserved) {
    if (count < 1 || start < firstFrame || start + count > firstFrame + frames) return `reserved frames ${start}…${start + count - 1} lie outside of the ${frames} managed from ${firstFrame}`;
  }
  if (marks !== undefined && !(marks.critical <= marks.min && marks.min <= marks.low && marks.gap >= 1)) return 'marks must be critical ≤ min ≤ low with a gap of at least 1';
  return undefined;
}
