import process from 'node:process';
import { styleText } from 'node:util';

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
export type Paint = (style: Style, text: string) => string;

/** Colour only where it is seen and wanted; nothing is ever said by colour alone. */
export function paintFor(stream: NodeJS.WriteStream, wanted: boolean): Paint {
  const coloured = wanted && stream.isTTY && process.env['NO_COLOR'] === undefined;
  return (style, text) => (coloured ? styleText(style, text, { validateStream: false }) : text);
}

/**
 * Progress on stderr: one live line on a terminal, else a line every ten seconds. Silent if `quiet`.
 */
export class Progress {
  readonly #live: boolean;
  readonly #quiet: boolean;
  #shown = '';
  #last: number;

  constructor(quiet: boolean) {
    this.#quiet = quiet;
    this.#live = process.stderr.isTTY === true && process.env['CI'] === undefined;
    this.#last = performance.now();
  }

  say(text: string): void {
    if (this.#quiet) return;
    const now = performance.now();
    if (this.#live) {
      process.stderr.write(`\r\x1b[2K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`);
      this.#shown = text;
    } else if (now - this.#last > 10_000) {
      this.#last = now;
      process.stderr.write(`${text}\n`);
    }
  }

  clear(): void {
    if (this.#shown !== '') process.stderr.write('\r\x1b[2K');
    this.#shown = '';
  }
}

/** Signals so close to each other are one. */
const sameMs = 250;

/** Long runs are stopped by Ctrl-C between two executions; a second one ends the process at once. */
export class Interrupt {
  interrupted = false;
  #since = 0;
  readonly #handler = (): void => {
    // One Ctrl-C may arrive twice: by itself, and handed on by what started this process.
    if (this.interrupted && performance.now() - this.#since > sameMs) process.exit(130);
    if (!this.interrupted) this.#since = performance.now();
    this.interrupted = true;
  };
  constructor() {
    process.on('SIGINT', this.#handler);
    process.on('SIGTERM', this.#handler);
  }
  /** Long runs are synchronous, and signals arrive only between turns of the event loop. */
  async breathe(): Promise<boolean> {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    return this.interrupted;
  }
  done(): void {
    process.off('SIGINT', this.#handler);
    process.off('SIGTERM', this.#handler);
  }
}

/** Writes all of a text, also into a slow pipe. */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
