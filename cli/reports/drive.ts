import type { DriveReport } from '../../spec/drive.ts';
import type { Paint } from '../terminal.ts';
import { number, seconds } from './check.ts';
import { plot } from './plot.ts';

const signs = { ok: '·', low: 'l', min: 'm', critical: 'C' } as const;

/** What came of driving a subject, with curves over the events. */
export function driveText(report: DriveReport, paint: Paint): string {
  const { subject, geometry, events, eventsPerSecond, allocations, frees, outOfMemory, skipped, rejections, listed, samples, durationMs } = report;
  const { marks, frames, chunkFrames, workers } = geometry;
  const percent = (share: number): string => `${Math.round(share * 100)} %`;
  const least = Math.min(...samples.map(({ framesFree }) => framesFree));
  const indented = (lines: readonly string[], margin: number): string[] => lines.map((line) => `     ${' '.repeat(margin)}${line}`);
  const width = Math.max(number(frames).length, 5);
  const pad = (text: string): string => text.padStart(width);
  const strip = samples.map(({ pressure }) => signs[pressure]).join('');
  return [
    `   driven      ${subject}: ${number(frames)} frames in chunks of ${chunkFrames}, ${workers} worker${workers === 1 ? '' : 's'}, marks ${marks?.low}/${marks?.min}/${marks?.critical} + ${marks?.gap}`,
    `               ${number(events)} events in ${seconds(durationMs)}, model alongside: ${number(eventsPerSecond)} events/s`,
    `               ${number(allocations)} allocations, ${number(frees)} frees, ${number(outOfMemory)} out of memory (rightly), ${number(skipped)} skipped`,
    '',
    `     frames free (least ${number(least)})`,
    ...indented(plot(samples.map(({ framesFree }) => framesFree), frames, 5, (value) => pad(number(value))), 0),
    `     free frames that no chunk of ${chunkFrames} can be made of`,
    ...indented(plot(samples.map(({ unusable }) => unusable), 1, 3, (value) => pad(percent(value))), 0),
    `     pressure (· ok, l low, m min, C critical)`,
    `     ${pad('')} ┤${strip}`,
    `     ${pad('')}  1${number(events).padStart(Math.max(strip.length - 1, 1))}`,
    ...listed.slice(0, 10).map(({ event, rule, reason }) => paint('red', `   ✗ ${rule} ${event === 0 ? '' : `event ${number(event)}: `}${reason}`)),
    ...(rejections > 10 ? [`   … ${number(rejections - 10)} more; --json lists up to 100`] : []),
    rejections === 0 ? paint('green', ` ✓ driven: every response is one that the model accepts`) : paint('red', ` ✗ driven: ${number(rejections)} responses that the model rejects`),
  ].join('\n');
}
