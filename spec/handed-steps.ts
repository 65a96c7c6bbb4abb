import { Op, type View } from './explore/access.ts';

/** One step of a thread, as the explorer performed it or as a real thread did. Numbers are texts, so that 64-bit ones compare. */
export interface HandedStep {
  readonly thread: number;
  readonly op: number;
  /** Number of the buffer among those of the shared state (−1: another one) and byte offset; empty for an invocation, a return or a pause. */
  readonly cell: string;
  /** What was stored, added, …, and what a compareExchange expected. */
  readonly operands: string;
  readonly before: string;
  readonly after: string;
  /** What the access gave; the value of an invocation's variable; a response. */
  readonly value: string;
}

/** The shared buffers in a shared state, in the order in which they lie in it: how both sides number them. */
export function buffersOf(shared: unknown, found: SharedArrayBuffer[] = []): SharedArrayBuffer[] {
  if (shared instanceof SharedArrayBuffer) {
    if (!found.includes(shared)) found.push(shared);
  } else if (ArrayBuffer.isView(shared)) {
    if (shared.buffer instanceof SharedArrayBuffer) buffersOf(shared.buffer, found);
  } else if (typeof shared === 'object' && shared !== null) {
    const parts = shared instanceof Map ? [...shared.entries()].flat() : shared instanceof Set ? [...shared] : Object.values(shared);
    for (const part of parts as unknown[]) buffersOf(part, found);
  }
  return found;
}

/** A copy of the bytes of shared buffers. */
export const bytesOf = (buffers: readonly SharedArrayBuffer[]): Uint8Array[] => buffers.map((buffer) => new Uint8Array(buffer).slice());

/** A cell as both sides name it. */
export const cellName = (view: Pick<View, 'buffer' | 'byteOffset' | 'BYTES_PER_ELEMENT'>, index: number, buffers: readonly SharedArrayBuffer[]): string =>
  `${buffers.indexOf(view.buffer as unknown as SharedArrayBuffer)}:${view.byteOffset + index * view.BYTES_PER_ELEMENT}`;

/** Operands that an operation looks at. */
export function operandsOf(op: number, operand: unknown, expected: unknown): string {
  if (op === Op.load || op === Op.read || op === Op.peek || op === Op.wake) return '';
  if (op === Op.wait) return String(expected);
  return op === Op.compareExchange ? `${String(expected)} ⇒ ${String(operand)}` : String(operand);
}
