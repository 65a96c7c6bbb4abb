/** A line of a recorded history. */
export interface HistoryEvent {
  process: number;
  type: 'invoke' | 'return' | 'info';
  f?: string;
  key?: string;
  value?: unknown;
  ok?: boolean;
  unknown?: boolean;
}

type Call = Pick<HistoryEvent, 'f' | 'key' | 'value'>;
type Answer = Pick<HistoryEvent, 'value' | 'ok'>;
export type Random = (below: number) => number;

/** mulberry32 */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Something that answers one call after the other. */
export interface Sequential {
  readonly header?: object;
  call(random: Random): Call;
  answer(call: Call, random: Random): Answer;
}

export function sequentialRegister(values: number): Sequential {
  let held: unknown = null;
  return {
    call: (random) => {
      const kind = random(4);
      if (kind < 2) return { f: 'read' };
      return kind === 2 ? { f: 'write', value: random(values) } : { f: 'cas', value: [random(values), random(values)] };
    },
    answer: ({ f, value }) => {
      if (f === 'read') return { value: held };
      if (f === 'write') {
        held = value;
        return {};
      }
      const [from, to] = value as [number, number];
      if (held !== from) return { ok: false };
      held = to;
      return { ok: true };
    },
  };
}

/** `letters`: how many different texts are put and appended. */
export function sequentialMap(keys: number, letters: number): Sequential {
  const held = new Map<string, string>();
  return {
    call: (random) => {
      const key = `k${random(keys)}`;
      const kind = random(8);
      if (kind < 4) return { f: 'get', key };
      return { f: kind === 4 ? 'put' : 'append', key, value: random(letters).toString(36) };
    },
    answer: ({ f, key, value }) => {
      const before = held.get(key as string) ?? '';
      if (f === 'get') return { value: before };
      held.set(key as string, f === 'put' ? (value as string) : before + (value as string));
      return {};
    },
  };
}

/** An allocator that serves any run; somebody now and then frees what he should not. */
export function sequentialFrames(frames: number, countMax: number): Sequential {
  const owner = new Map<number, number>();
  const live = new Map<number, number>();
  const runs = (count: number): number[] => Array.from({ length: Math.max(frames - count + 1, 0) }, (_, at) => at).filter((at) => Array.from({ length: count }, (_, next) => at + next).every((frame) => !owner.has(frame)));
  return {
    header: { geometry: { frames } },
    call: (random) => {
      const owned = [...live];
      if (random(8) === 0) return { f: 'free', value: { frame: random(frames), count: 1 + random(countMax) } };
      if (owned.length > 0 && random(2) === 0) {
        const [frame, count] = owned[random(owned.length)] as [number, number];
        return { f: 'free', value: { frame, count } };
      }
      return { f: 'allocate', value: { count: 1 + random(countMax) } };
    },
    answer: ({ f, value }, random) => {
      if (f === 'allocate') {
        const { count } = value as { count: number };
        const free = runs(count);
        const at = free[random(free.length)];
        if (at === undefined) return { value: -1 };
        live.set(at, count);
        for (let frame = at; frame < at + count; frame++) owner.set(frame, at);
        return { value: at };
      }
      const { frame, count } = value as { frame: number; count: number };
      if (live.get(frame) !== count) return { value: -4 };
      live.delete(frame);
      for (let at = frame; at < frame + count; at++) owner.delete(at);
      return { value: 0 };
    },
  };
}

export interface Making {
  readonly seed: number;
  readonly processes: number;
  readonly operations: number;
  /** One of so many operations ends with its outcome lost; 0: none. */
  readonly lost?: number;
}

/** A history of calls that overlap, each taking effect once between its invocation and its return: legal by construction. */
export function legalHistory(sequential: Sequential, { seed, processes, operations, lost = 0 }: Making): HistoryEvent[] {
  const random = randomFrom(seed);
  const events: HistoryEvent[] = [];
  const open: { process: number; call: Call; answer: Answer | undefined }[] = [];
  let idle = Array.from({ length: processes }, (_, process) => process);
  let next = processes;
  let invoked = 0;
  while (invoked < operations || open.length > 0) {
    const pick = random(3);
    if (pick === 0 && invoked < operations && idle.length > 0) {
      const process = idle[random(idle.length)] as number;
      idle = idle.filter((each) => each !== process);
      const call = sequential.call(random);
      open.push({ process, call, answer: undefined });
      events.push({ process, type: 'invoke', ...call });
      invoked++;
      continue;
    }
    const one = open[random(open.length)];
    if (one === undefined) continue;
    if (lost > 0 && random(lost * 3) === 0) {
      const isLost = random(2) === 0;
      if (!isLost) one.answer ??= sequential.answer(one.call, random);
      events.push(isLost ? { process: one.process, type: 'info', f: one.call.f as string } : { process: one.process, type: 'return', f: one.call.f as string, unknown: true });
      open.splice(open.indexOf(one), 1);
      idle.push(isLost ? next++ : one.process);
      // Some lost calls take effect a little later, some never.
      if (isLost && one.answer === undefined && random(2) === 0) sequential.answer(one.call, random);
    } else if (one.answer === undefined) one.answer = sequential.answer(one.call, random);
    else {
      events.push({ process: one.process, type: 'return', f: one.call.f as string, ...one.answer });
      open.splice(open.indexOf(one), 1);
      idle.push(one.process);
    }
  }
  return events;
}

/** The same history but for one answer that says something. */
export function withOneChanged(events: readonly HistoryEvent[], seed: number, change: (event: HistoryEvent, random: Random) => HistoryEvent): HistoryEvent[] {
  const random = randomFrom(seed);
  const saying = events.flatMap((event, at) => (event.type === 'return' && event.unknown !== true && (event.value !== undefined || event.ok !== undefined) ? [at] : []));
  const chosen = saying[random(saying.length)];
  return events.map((event, at) => (at === chosen ? change(event, random) : event));
}

export const jsonLines = (events: readonly object[], header?: object): string => [...(header === undefined ? [] : [header]), ...events].map((each) => `${JSON.stringify(each)}\n`).join('');
