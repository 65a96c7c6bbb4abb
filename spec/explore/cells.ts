import { SubjectError } from './subject-error.ts';
import type { View } from './traced-view.ts';

/** Bytes of shared memory that a subject may lay out for one exploration. */
const bytesMax = 64 * 1024 * 1024;

/**
 * Dense numbers for the cells that a program touches, in the order of their first access: 1, 2, … A cell is the bytes of one element.
 * Two accesses are dependent only if they touch the same bytes, so cells of different width must not overlap.
 */
export class Cells {
  /** By cell: its width in bytes and its place (buffer number, byte offset), for traces. */
  readonly width: number[] = [0];
  readonly buffer: number[] = [0];
  readonly offset: number[] = [0];
  #buffers: SharedArrayBuffer[] = [];
  #tables: Int32Array[] = [];
  readonly #sleepers = new Map<number, number>();
  #lastBuffer: unknown;
  #lastTable: Int32Array = new Int32Array(0);

  get count(): number {
    return this.width.length - 1;
  }

  cellOf(view: View, index: number): number {
    const buffer = view.buffer;
    if (buffer !== this.#lastBuffer) this.#use(buffer as unknown as SharedArrayBuffer);
    const address = view.byteOffset + index * view.BYTES_PER_ELEMENT;
    const cell = this.#lastTable[address] as number;
    if (cell === 0 || this.width[cell] !== view.BYTES_PER_ELEMENT) return this.#add(address, view.BYTES_PER_ELEMENT);
    return cell;
  }

  /** The list of those who sleep on a cell: a cell of its own, of no bytes. */
  sleepersOf(cell: number): number {
    let list = this.#sleepers.get(cell);
    if (list === undefined) {
      list = this.width.push(0) - 1;
      this.buffer.push(this.buffer[cell] as number);
      this.offset.push(this.offset[cell] as number);
      this.#sleepers.set(cell, list);
    }
    return list;
  }

  /** The number of the buffer, in the order of first use. */
  bufferNumber(buffer: ArrayBufferLike): number {
    return this.#buffers.indexOf(buffer as SharedArrayBuffer);
  }

  #use(buffer: SharedArrayBuffer): void {
    let known = this.#buffers.indexOf(buffer);
    if (known < 0) {
      if (buffer.byteLength > bytesMax) {
        throw new SubjectError(`a shared buffer of ${buffer.byteLength} bytes is too large to explore (at most ${bytesMax}); use a smaller geometry`);
      }
      known = this.#buffers.push(buffer) - 1;
      this.#tables.push(new Int32Array(buffer.byteLength));
    }
    this.#lastBuffer = buffer;
    this.#lastTable = this.#tables[known] as Int32Array;
  }

  #add(address: number, width: number): number {
    const table = this.#lastTable;
    for (let at = Math.max(0, address - 7); at < Math.min(table.length, address + width); at++) {
      const other = table[at] as number;
      if (other !== 0 && at + (this.width[other] as number) > address) {
        throw new SubjectError(
          `bytes ${address}…${address + width - 1} are accessed ${width} wide and ${this.width[other]} wide; give each word one width`,
        );
      }
    }
    const cell = this.width.push(width) - 1;
    this.buffer.push(this.#tables.indexOf(table));
    this.offset.push(address);
    table[address] = cell;
    return cell;
  }
}
