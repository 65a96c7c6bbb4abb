import { describe, expect, test } from 'vitest';
import { HistoryError } from '../../spec/linearize/recorded-history.ts';
import { historyModels, judgeText, readText } from '../support/judge-history.ts';

const invoke = (process: number, f: string, value?: unknown) => ({ process, type: 'invoke', f, value });
const answer = (process: number, value?: unknown) => ({ process, type: 'return', value });

function refusal(model: keyof typeof historyModels, text: string): string {
  try {
    readText(historyModels[model], text);
  } catch (error) {
    if (error instanceof HistoryError) return `${error.line}${error.column === undefined ? '' : `:${error.column}`}: ${error.message}`;
    throw error;
  }
  return 'none';
}

describe('a history is refused with its line', () => {
  const line = (event: object): string => `${JSON.stringify(event)}\n`;
  const begin = line(invoke(0, 'read'));
  const cases: [keyof typeof historyModels, string, string, RegExp][] = [
    ['register', 'not-json', `${begin}{"process": 0,, }`, /^2:15: not JSON/],
    ['register', 'no-object', '[1]\n', /^1: an event is an object/],
    ['register', 'version', '{"schemaVersion": 2}\n', /^1: schemaVersion 2; this version reads 1/],
    ['register', 'header-key', '{"schemaVersion": 1, "model": "kv"}\n', /^1: unknown key "model"/],
    ['register', 'geometry', '{"geometry": {"frames": 4}}\n', /^1: a geometry belongs to a history of frames/],
    ['register', 'unknown-key', line({ ...invoke(0, 'read'), values: 3 }), /^1: unknown key "values"/],
    ['register', 'process', line({ ...invoke(0, 'read'), process: 'a' }), /^1: "process" is a whole number from 0, not "a"/],
    ['register', 'type', line({ ...invoke(0, 'read'), type: 'ok' }), /^1: "type" is "invoke", "return" or "info", not "ok"/],
    ['register', 'function', line(invoke(0, 'get')), /^1: "f" is one of read, write, cas, not "get"/],
    ['register', 'no-value', line(invoke(0, 'write')), /^1: a write needs a value/],
    ['register', 'cas', line(invoke(0, 'cas', 3)), /^1: a cas needs "value": \[from, to\]/],
    ['register', 'cas-answer', line(invoke(0, 'cas', [1, 2])) + line(answer(0)), /^2: a cas returns "ok": true or "ok": false/],
    ['register', 'read-answer', begin + line(answer(0)), /^2: a read returns .* \(an answer that was lost is "unknown": true\)/],
    ['register', 'twice', begin + begin, /^2: process 0 invokes while its read of line 1 is open/],
    ['register', 'after-info', `${begin}{"process":0,"type":"info"}\n${begin}`, /^3: process 0 invokes although its last operation may still be running \(info in line 2\)/],
    ['register', 'nothing-open', line(answer(4, 1)), /^1: process 4 has nothing open/],
    ['register', 'other-function', begin + line({ ...answer(0, 1), f: 'write' }), /^2: this return is of "write", but process 0 has read of line 1 open/],
    ['register', 'ok-and-unknown', line(invoke(0, 'cas', [1, 2])) + line({ ...answer(0), ok: true, unknown: true }), /^2: a return is "ok" or "unknown", not both/],
    ['kv', 'no-key', line(invoke(0, 'get')), /^1: get needs its "key"/],
    ['kv', 'number', line({ ...invoke(0, 'put', 3), key: 'a' }), /^1: a put needs a text/],
    ['frames', 'no-geometry', line(invoke(0, 'allocate', { count: 1 })), /^1: a history of frames begins with its geometry/],
    ['frames', 'empty', '', /^1: a history of frames begins with its geometry/],
    ['frames', 'bad-geometry', '{"geometry": {"frames": 0}}\n', /^1: "frames" is a whole number from 1 to/],
    ['frames', 'zones', '{"geometry": {"frames": 8, "zones": []}}\n', /^1: a geometry here has frames, firstFrame, .*, not "zones"/],
    ['frames', 'reserved', '{"geometry": {"frames": 8, "reserved": [{"start": 7, "count": 2}]}}\n', /^1: "reserved" holds \{"start":7,"count":2\}/],
    ['frames', 'count', `{"geometry": {"frames": 8}}\n${line(invoke(0, 'allocate', 2))}`, /^2: an allocate needs "value": \{"count": 1\}/],
  ];
  test.each(cases)('%s: %s', (model, _, text, message) => {
    expect(refusal(model, text)).toMatch(message);
  });
});

describe('a history is read', () => {
  test('with its version, blank lines, and what recorders add for themselves', () => {
    const text = '{"schemaVersion": 1}\n\n{"process": 0, "type": "invoke", "f": "read", "time": 17, "index": 0}\r\n{"process": 0, "type": "return", "f": "read", "value": null, "ok": true, "time": 18}\n';
    expect(judgeText(historyModels.register, text)).toMatchObject({ verdict: 'linearizable', operations: 1, events: 2 });
  });

  test('with no event at all', () => {
    expect(judgeText(historyModels.kv, '')).toMatchObject({ verdict: 'linearizable', operations: 0, longestPrefix: 0 });
  });

  test('with a process that goes on after an unknown answer, and another after a lost one', () => {
    const text = ['{"process":0,"type":"invoke","f":"write","value":1}', '{"process":0,"type":"return","unknown":true}', '{"process":0,"type":"invoke","f":"write","value":2}', '{"process":0,"type":"info"}', '{"process":1,"type":"invoke","f":"read"}', '{"process":1,"type":"return","value":1}'];
    expect(readText(historyModels.register, text.join('\n')).calls.map(({ outcome }) => outcome.kind)).toEqual(['unknown', 'open', 'known']);
  });
});
