/** Where in the source an access stands, so that a trace reads without source maps. Numbered across all modules of a program. */
export interface Site {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly function: string;
  /** The trimmed line. */
  readonly text: string;
}
