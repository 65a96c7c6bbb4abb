import { describe, expect, test } from 'vitest';
import { framesSemantics, hasSomeOrder, mapSemantics, registerSemantics } from '../support/every-order.ts';
import { jsonLines, legalHistory, sequentialFrames, sequentialMap, sequentialRegister, withOneChanged, type HistoryEvent, type Random } from '../support/histories.ts';
import { historyModels, judgeText } from '../support/judge-history.ts';

const { register, kv, frames } = historyModels;

/** `0 write 1` invokes, `0 = 1` returns, `0 !` is lost, `0 ?` returns with an unknown answer. */
function history(...lines: string[]): HistoryEvent[] {
  return lines.map((line) => {
    const [process, word, ...rest] = line.split(' ') as [string, string, ...string[]];
    const value = rest.length === 0 ? undefined : (JSON.parse(rest.join(' ')) as unknown);
    const known = value === undefined ? {} : { value };
    if (word === '=') return { process: Number(process), type: 'return', ...(typeof value === 'boolean' ? { ok: value } : known) };
    if (word === '!') return { process: Number(process), type: 'info' };
    if (word === '?') return { process: Number(process), type: 'return', unknown: true };
    return { process: Number(process), type: 'invoke', f: word, ...known };
  });
}
const onRegister = (...lines: string[]) => judgeText(register, jsonLines(history(...lines)));
const onFrames = (count: number, ...lines: string[]) => judgeText(frames, jsonLines(history(...lines), { geometry: { frames: count } }));
const onMap = (...lines: string[]) => judgeText(kv, jsonLines(history(...lines).map((event) => (event.type === 'invoke' ? { ...event, key: 'x' } : event))));

describe('a register', () => {
  test('may not return a stale value after a newer one was written', () => {
    const report = onRegister('0 write 1', '0 =', '0 write 2', '0 =', '1 read', '1 = 1');
    expect(report).toMatchObject({ verdict: 'not-linearizable', operations: 3, longestPrefix: 2, prefixEvents: 5, prefixExact: true });
    expect(report.unplaced).toEqual({ line: 6, invokedLine: 5, process: 1, operation: 'read → 1', reason: expect.stringMatching(/holds something that is never read then/) as string });
  });

  test('may return either value while the write is open, but not the old one after the new one', () => {
    expect(onRegister('0 write 1', '1 read', '1 = null', '1 read', '1 = 1', '0 =').verdict).toBe('linearizable');
    expect(onRegister('0 write 1', '1 read', '1 = 1', '1 read', '1 = null', '0 =').verdict).toBe('not-linearizable');
  });

  test('loses no update: of two compare-and-sets from one value, one fails', () => {
    const both = ['0 write 0', '0 =', '0 cas [0, 1]', '1 cas [0, 2]'];
    expect(onRegister(...both, '0 = true', '1 = true')).toMatchObject({ verdict: 'not-linearizable', longestPrefix: 2, unplaced: { operation: 'cas(0 → 2) → ok' } });
    expect(onRegister(...both, '0 = true', '1 = false').verdict).toBe('linearizable');
    expect(onRegister(...both, '0 = false', '1 = false').verdict).toBe('not-linearizable');
  });

  test('returns no value from nowhere', () => {
    expect(onRegister('0 write 1', '1 read', '1 = 7', '0 =').unplaced?.reason).toBe('nothing that had begun by then writes 7');
    expect(onRegister('0 read', '0 = 7', '1 write 7', '1 =').verdict).toBe('not-linearizable');
  });

  test('a write that was lost may take effect late, or never, but once', () => {
    const lost = ['0 write 1', '0 =', '1 write 2', '1 !', '0 read', '0 = 1'];
    expect(onRegister(...lost).verdict).toBe('linearizable');
    expect(onRegister(...lost, '0 read', '0 = 2').verdict).toBe('linearizable');
    expect(onRegister(...lost, '0 read', '0 = 2', '0 read', '0 = 1').verdict).toBe('not-linearizable');
    expect(onRegister(...lost, '0 read', '0 = 2', '0 write 3', '0 =', '0 read', '0 = 2').verdict).toBe('not-linearizable');
    expect(onRegister('1 write 2', '0 read', '0 = null', '0 read', '0 = 2').verdict).toBe('linearizable');
  });

  test('a write that returned without an answer has taken effect', () => {
    expect(onRegister('0 write 1', '0 ?', '0 read', '0 = 1').verdict).toBe('linearizable');
    expect(onRegister('0 write 1', '0 ?', '0 read', '0 = null').verdict).toBe('not-linearizable');
  });

  test('a compare-and-set of unknown outcome succeeds if it met its value, by its return if it returned', () => {
    const start = ['0 write 0', '0 =', '1 cas [0, 1]'];
    expect(onRegister(...start, '1 ?', '0 read', '0 = 1').verdict).toBe('linearizable');
    expect(onRegister(...start, '1 ?', '0 read', '0 = 0').verdict).toBe('not-linearizable');
    expect(onRegister(...start, '1 !', '0 read', '0 = 0', '0 read', '0 = 1').verdict).toBe('linearizable');
    expect(onRegister('0 write 5', '0 =', '1 cas [0, 1]', '1 ?', '0 write 0', '0 =', '0 read', '0 = 0').verdict).toBe('linearizable');
    expect(onRegister('0 write 5', '0 =', '1 cas [0, 1]', '1 ?', '0 write 0', '0 =', '0 read', '0 = 1').verdict).toBe('not-linearizable');
    expect(onRegister('0 write 5', '0 =', '1 cas [0, 1]', '1 !', '0 write 0', '0 =', '0 read', '0 = 1').verdict).toBe('linearizable');
  });

  test('a write that changes nothing may hide another', () => {
    expect(onRegister('0 write 2', '1 write 1', '0 =', '1 =', '0 cas [1, 2]', '0 = false').verdict).toBe('linearizable');
  });

  test('by key there are several', () => {
    const events: HistoryEvent[] = [{ process: 0, type: 'invoke', f: 'write', key: 'a', value: 1 }, { process: 0, type: 'return' }, { process: 0, type: 'invoke', f: 'read', key: 'b' }, { process: 0, type: 'return', value: null }];
    expect(judgeText(register, jsonLines(events)).verdict).toBe('linearizable');
  });
});

describe('a map', () => {
  test('is empty at first, keeps the order of appends, and loses none', () => {
    expect(onMap('0 get', '0 = ""', '0 append "a"', '0 =', '0 append "b"', '0 =', '1 get', '1 = "ab"').verdict).toBe('linearizable');
    expect(onMap('0 append "a"', '0 =', '0 append "b"', '0 =', '1 get', '1 = "ba"').verdict).toBe('not-linearizable');
    expect(onMap('0 append "a"', '1 append "b"', '0 =', '1 =', '1 get', '1 = "b"')).toMatchObject({ verdict: 'not-linearizable', unplaced: { reason: expect.stringMatching(/"x" holds/) as string } });
    expect(onMap('0 append "a"', '1 append "b"', '0 =', '1 =', '1 get', '1 = "ba"', '0 get', '0 = "ba"').verdict).toBe('linearizable');
  });

  test('a lost append takes effect late, once or never', () => {
    const lost = ['0 append "a"', '0 !', '1 append "b"', '1 =', '1 get', '1 = "b"'];
    expect(onMap(...lost).verdict).toBe('linearizable');
    expect(onMap(...lost, '1 get', '1 = "ba"').verdict).toBe('linearizable');
    expect(onMap(...lost, '1 get', '1 = "baa"').verdict).toBe('not-linearizable');
  });
});

describe('frames', () => {
  test('have one owner at a time', () => {
    expect(onFrames(2, '0 allocate {"count":1}', '0 = 0', '1 allocate {"count":1}', '1 = 0')).toMatchObject({ verdict: 'not-linearizable', longestPrefix: 1, unplaced: { operation: 'allocate(1) → 0', reason: 'frame 0 is allocated already' } });
    expect(onFrames(2, '0 allocate {"count":1}', '0 = 0', '0 free {"frame":0,"count":1}', '1 allocate {"count":1}', '1 = 0', '0 = 0').verdict).toBe('linearizable');
    expect(onFrames(4, '0 allocate {"count":2}', '0 = 1', '1 allocate {"count":2}', '1 = 2').verdict).toBe('not-linearizable');
  });

  test('are freed once, whole, by whoever it is', () => {
    const held = ['0 allocate {"count":2}', '0 = 0'];
    expect(onFrames(4, ...held, '0 free {"frame":0,"count":2}', '1 free {"frame":0,"count":2}', '0 = 0', '1 = 0').verdict).toBe('not-linearizable');
    expect(onFrames(4, ...held, '0 free {"frame":0,"count":2}', '1 free {"frame":0,"count":2}', '0 = -4', '1 = 0').verdict).toBe('linearizable');
    expect(onFrames(4, ...held, '0 free {"frame":0,"count":1}', '0 = 0').verdict).toBe('not-linearizable');
    expect(onFrames(4, ...held, '0 free {"frame":0,"count":2}', '0 = -4')).toMatchObject({ verdict: 'not-linearizable', unplaced: { reason: expect.stringMatching(/live allocation/) as string } });
    expect(onFrames(4, ...held, '0 free {"frame":3,"count":1}', '0 = 0').verdict).toBe('not-linearizable');
  });

  test('are out of memory only if no run is free at some instant of the call', () => {
    const held = ['0 allocate {"count":1}', '0 = 1'];
    expect(onFrames(3, ...held, '1 allocate {"count":2}', '1 = -1').verdict).toBe('linearizable');
    expect(onFrames(4, ...held, '1 allocate {"count":2}', '1 = -1')).toMatchObject({ verdict: 'not-linearizable', longestPrefix: 1, unplaced: { operation: 'allocate(2) → OutOfMemory', reason: 'OutOfMemory, but frames 2…3 are free' } });
    expect(onFrames(4, ...held, '2 allocate {"count":1}', '1 allocate {"count":2}', '1 = -1', '2 = 2').verdict).toBe('linearizable');
    expect(onFrames(4, ...held, '2 allocate {"count":1}', '1 allocate {"count":2}', '1 = -1', '2 = 0').verdict).toBe('not-linearizable');
  });

  test('a lost allocate may have taken any run, and a lost free may take effect later', () => {
    const lost = ['0 allocate {"count":1}', '0 !'];
    expect(onFrames(1, ...lost, '1 allocate {"count":1}', '1 = -1').verdict).toBe('linearizable');
    expect(onFrames(2, ...lost, '1 allocate {"count":1}', '1 = -1').verdict).toBe('not-linearizable');
    expect(onFrames(2, ...lost, '1 free {"frame":1,"count":1}', '1 = 0').verdict).toBe('linearizable');
    expect(onFrames(2, ...lost, '1 free {"frame":1,"count":1}', '1 = 0', '2 free {"frame":0,"count":1}', '2 = 0').verdict).toBe('not-linearizable');
    expect(onFrames(1, '0 allocate {"count":1}', '0 ?', '1 allocate {"count":1}', '1 = 0').verdict).toBe('not-linearizable');
    expect(onFrames(2, '0 allocate {"count":1}', '0 ?', '1 allocate {"count":1}', '1 = 0').verdict).toBe('linearizable');
    const held = ['0 allocate {"count":1}', '0 = 0', '1 free {"frame":0,"count":1}', '1 !'];
    expect(onFrames(1, ...held, '0 allocate {"count":1}', '0 = -1', '0 allocate {"count":1}', '0 = 0').verdict).toBe('linearizable');
  });

  test('a frame that a lost allocate took, and somebody freed, has been handed out again', () => {
    const lost = ['9 allocate {"count":1}', '9 !', '1 free {"frame":0,"count":1}', '1 = 0', '1 allocate {"count":1}', '1 = 0', '1 allocate {"count":1}', '1 = 1', '2 allocate {"count":1}', '2 ?', '1 allocate {"count":1}', '1 = -1'];
    expect(onFrames(3, ...lost).verdict).toBe('linearizable');
    expect(onFrames(4, ...lost).verdict).toBe('not-linearizable');
  });

  test('outside of the memory, reserved, or of impossible counts are refused', () => {
    expect(onFrames(2, '0 allocate {"count":1}', '0 = 2').unplaced?.reason).toMatch(/of the frames 0…1/);
    expect(onFrames(2, '0 allocate {"count":0}', '0 = 0').verdict).toBe('not-linearizable');
    expect(onFrames(2, '0 allocate {"count":0}', '0 = -2', '0 allocate {"count":9}', '0 = -2', '0 allocate {"count":9}', '0 = -1').verdict).toBe('linearizable');
    const reserved = jsonLines(history('0 allocate {"count":1}', '0 = 1'), { geometry: { frames: 2, reserved: [{ start: 1, count: 1 }] } });
    expect(judgeText(frames, reserved).unplaced?.reason).toMatch(/frame 1 is reserved/);
  });
});

const flip = (event: HistoryEvent): HistoryEvent => ({ ...event, ok: event.ok === false });
const kinds = [
  { name: 'register', model: register, make: () => sequentialRegister(3), semantics: registerSemantics, change: (event: HistoryEvent, random: Random) => (event.ok === undefined ? { ...event, value: random(3) } : flip(event)) },
  { name: 'kv', model: kv, make: () => sequentialMap(2, 2), semantics: mapSemantics, change: (event: HistoryEvent, random: Random) => ({ ...event, value: (event.value as string).slice(0, -1) + (random(2) === 0 ? '' : random(2)) }) },
  {
    name: 'frames', model: frames, make: () => sequentialFrames(3, 2), semantics: framesSemantics(3),
    change: (event: HistoryEvent, random: Random) => ({ ...event, value: event.f === 'free' ? (event.value === 0 ? -4 : 0) : random(4) - 1 }),
  },
] as const;

describe.each(kinds)('random histories of $name', ({ model, make, semantics, change }) => {
  const seeds = Array.from({ length: 1000 }, (_, seed) => seed + 1);

  test('a thousand that are legal by construction, of sixty operations and eight clients, are linearizable', () => {
    const verdicts = seeds.map((seed) => {
      const sequential = make();
      return judgeText(model, jsonLines(legalHistory(sequential, { seed, processes: 8, operations: 60 }), sequential.header)).verdict;
    });
    expect(verdicts.filter((verdict) => verdict !== 'linearizable')).toEqual([]);
  });

  test('a thousand small ones, with one answer changed or outcomes lost, are judged as by trying every order', () => {
    const counts = { legal: 0, illegal: 0 };
    const wrong = seeds.filter((seed) => {
      const sequential = make();
      const legal = legalHistory(sequential, { seed, processes: 2 + (seed % 4), operations: 3 + (seed % 5), lost: seed % 2 === 0 ? 4 : 0 });
      const events = seed % 3 === 0 ? legal : withOneChanged(legal, seed, change);
      const expected = hasSomeOrder(events, semantics);
      counts[expected ? 'legal' : 'illegal']++;
      return (judgeText(model, jsonLines(events, sequential.header)).verdict === 'linearizable') !== expected;
    });
    expect(wrong).toEqual([]);
    expect(counts.legal).toBeGreaterThan(200);
    expect(counts.illegal).toBeGreaterThan(200);
  });

  test('the prefix ends at the first return up to which no order exists', () => {
    const wrong = seeds.slice(0, 300).filter((seed) => {
      const sequential = make();
      const events = withOneChanged(legalHistory(sequential, { seed, processes: 3, operations: 6 }), seed, change);
      const { verdict, prefixEvents, longestPrefix, unplaced } = judgeText(model, jsonLines(events, sequential.header));
      if (verdict === 'linearizable') return false;
      // Returns after the prefix are of calls that need not be placed, but that answer so if they are.
      const placeable = (length: number): boolean => hasSomeOrder(events, semantics, length);
      const firstLine = sequential.header === undefined ? 1 : 2;
      return !placeable(prefixEvents) || placeable(prefixEvents + 1) || unplaced?.line !== prefixEvents + firstLine || longestPrefix !== events.slice(0, prefixEvents).filter(({ type }) => type === 'return').length;
    });
    expect(wrong).toEqual([]);
  });
});

describe('a budget', () => {
  const hard = jsonLines(withOneChanged(legalHistory(sequentialMap(1, 2), { seed: 5, processes: 20, operations: 400 }), 5, (event) => ({ ...event, value: `${event.value as string}00` })));

  test('that is used up gives unknown, the same each time, with what was placed by then', () => {
    const report = judgeText(kv, hard, 60);
    expect(report).toMatchObject({ verdict: 'unknown', prefixExact: false });
    expect(report.states).toBe(60);
    expect(report.longestPrefix).toBeGreaterThan(5);
    expect(judgeText(kv, hard, 60)).toEqual(report);
  });

  test('of time ends the search, too', () => {
    expect(judgeText(kv, hard, 1_000_000, () => true)).toMatchObject({ verdict: 'unknown' });
  });
});
