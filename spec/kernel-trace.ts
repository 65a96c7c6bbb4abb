import { match } from 'ts-pattern';
import { Ledger } from '../model/index.ts';
import type { Verdict } from './report.ts';

export interface KernelTraceViolation {
  /** From 1. */
  readonly line: number;
  readonly cpu: number;
  readonly frame: number;
  readonly order: number;
  readonly reason: string;
}

/** What a recorded kernel trace shows, judged by the reference model. */
export interface KernelTraceReport {
  readonly file: string;
  readonly verdict: Verdict;
  readonly events: number;
  readonly allocations: number;
  readonly frees: number;
  /** Allocations that got no frames. */
  readonly failed: number;
  readonly framesSeen: number;
  readonly ownedTwice: number;
  readonly misaligned: number;
  /** Frames freed that nobody was seen to own: allocated before the recording, or by a path that it does not record. */
  readonly freesOfUnknown: number;
  /** Of those, frames whose last event was a free. */
  readonly freesOfFree: number;
  readonly partialFrees: number;
  /** Events of other kinds, and lines that are no events (lost events, buffer headers). */
  readonly otherEvents: number;
  readonly unreadable: number;
  readonly violations: readonly KernelTraceViolation[];
}

/** An allocation or a free of 2^order frames, as the kernel recorded it. */
export interface KernelEvent {
  readonly allocates: boolean;
  readonly cpu: number;
  readonly frame: number;
  readonly order: number;
}

/** An allocation or free event whose fields cannot be read. */
export class KernelTraceError extends Error {
  override readonly name = 'KernelTraceError';
  readonly line: number;
  readonly column: number;
  constructor(line: number, column: number, message: string) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

/** Violations that a report lists; the rest are counted. */
const listedMax = 100;

/** `TASK-PID [CPU] FLAGS TIMESTAMP: EVENT: FIELDS`, with or without the columns that trace options add. */
const eventPattern = /^.*?\[(\d+)\].*?\d+(?:\.\d+)?: ([\w:]+): ?(.*)$/;

/**
 * Judges the events `mm_page_alloc` and `mm_page_free` of an ftrace text (Linux, include/trace/events/kmem.h), line by line. Frames
 * allocated before the recording began are unknown until their first event. Splitting and freeing an allocation in pieces is counted, not
 * reproached: kernels may. So is a free without an allocation: not every path is recorded. A frame handed out while it is owned, or a
 * block that is not aligned to its size, is a violation.
 */
export class KernelTraceJudge {
  readonly #ledger = new Ledger();
  readonly #violations: KernelTraceViolation[] = [];
  readonly #counts = { allocations: 0, frees: 0, failed: 0, ownedTwice: 0, misaligned: 0, partialFrees: 0, otherEvents: 0, unreadable: 0 };
  #line = 0;

  /** Judges the next line. Gives its event, if it has one that moved frames. Throws {@link KernelTraceError}. */
  line(text: string): KernelEvent | undefined {
    this.#line++;
    if (text === '' || text.startsWith('#')) return undefined;
    const event = eventPattern.exec(text);
    if (event === null) {
      const mention = text.search(/mm_page_(?:alloc|free):/);
      if (mention >= 0) throw new KernelTraceError(this.#line, mention + 1, 'an allocation event without the columns of ftrace (TASK-PID [CPU] … TIMESTAMP: EVENT: …)');
      this.#counts.unreadable++;
      return undefined;
    }
    const [, cpu, name, fields] = event as unknown as [string, string, string, string];
    if (name === 'mm_page_alloc' || name === 'mm_page_free' || name === 'kmem:mm_page_alloc' || name === 'kmem:mm_page_free') {
      return this.#judge(name.endsWith('alloc'), Number(cpu), fields, text.length - fields.length + 1);
    }
    this.#counts.otherEvents++;
    return undefined;
  }

  /** The report of everything so far. */
  report(file: string): KernelTraceReport {
    const { allocations, frees, ...rest } = this.#counts;
    const { framesSeen, freesOfUnknown, freesOfFree } = this.#ledger;
    const broken = rest.ownedTwice + rest.misaligned > 0;
    const verdict = broken ? 'violated' : allocations + frees === 0 ? 'inconclusive' : 'held';
    return { file, verdict, events: allocations + frees + rest.failed, allocations, frees, ...rest, framesSeen, freesOfUnknown, freesOfFree, violations: this.#violations };
  }

  #judge(allocates: boolean, cpu: number, fields: string, column: number): KernelEvent | undefined {
    const frame = this.#number(/\bpfn=(-?\w+)/, fields, column, 'pfn');
    const order = this.#number(/\border=(\w+)/, fields, column, 'order');
    if (!Number.isInteger(order) || order < 0 || order > 30) throw new KernelTraceError(this.#line, column, `order=${order} is no order (0 to 30)`);
    // A failed allocation is recorded with pfn 0 (or −1), which is never handed out.
    if (allocates && frame <= 0) {
      this.#counts.failed++;
      return undefined;
    }
    this.#counts[allocates ? 'allocations' : 'frees']++;
    const moved: KernelEvent = { allocates, cpu, frame, order };
    const event = allocates ? this.#ledger.allocate(frame, 2 ** order) : this.#ledger.free(frame, 2 ** order);
    if (event.kind === 'ok') return moved;
    const reason = match(event)
      .with({ kind: 'partialFree' }, () => {
        this.#counts.partialFrees++;
        return undefined;
      })
      .with({ kind: 'ownedTwice' }, (twice) => {
        this.#counts.ownedTwice++;
        return `frame ${twice.frame} is handed out while it is owned`;
      })
      .with({ kind: 'misaligned' }, ({ frame: start }) => {
        this.#counts.misaligned++;
        return `a block of order ${order} starts at frame ${start}, no multiple of its ${2 ** order} frames`;
      })
      .exhaustive();
    if (reason !== undefined && this.#violations.length < listedMax) this.#violations.push({ line: this.#line, cpu, frame: event.frame, order, reason });
    return moved;
  }

  #number(pattern: RegExp, fields: string, column: number, name: string): number {
    const text = pattern.exec(fields)?.[1];
    const value = Number(text);
    if (text === undefined || !Number.isSafeInteger(value)) {
      throw new KernelTraceError(this.#line, column, `an allocation event without a readable ${name}= in '${fields.slice(0, 60)}'`);
    }
    return value;
  }
}
