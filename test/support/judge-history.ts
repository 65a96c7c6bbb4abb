import { framesModel } from '../../spec/linearize/frames.ts';
import { judgeHistory, type HistoryReport } from '../../spec/linearize/judge.ts';
import { keyValue } from '../../spec/linearize/key-value.ts';
import type { HistoryModel } from '../../spec/linearize/model.ts';
import { HistoryReader, type RecordedHistory } from '../../spec/linearize/recorded-history.ts';
import { register } from '../../spec/linearize/register.ts';

export const historyModels = { register, kv: keyValue, frames: framesModel } as const;

export function readText(model: HistoryModel, text: string): RecordedHistory {
  const reader = new HistoryReader(model.notation);
  for (const line of text.split('\n')) reader.line(line);
  return reader.end();
}

export function judgeText(model: HistoryModel, text: string, statesMax = 1_000_000, stop: () => boolean = () => false): HistoryReport {
  const run = judgeHistory(readText(model, text), model, { statesMax, stop });
  for (;;) {
    const next = run.next();
    if (next.done === true) return next.value;
  }
}
