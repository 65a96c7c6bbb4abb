import { stripTypeScriptTypes } from 'node:module';
import { parseSync, visitorKeys, type Node } from 'oxc-parser';

export type { Node };

/** A module that cannot be explored soundly, or not at all: where, why, and what to do. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  constructor(source: Pick<Source, 'path' | 'place'>, offset: number, message: string) {
    super(message);
    const { line, column } = source.place(offset);
    this.file = source.path;
    this.line = line;
    this.column = column;
  }
}

/** One module: its text with types blanked out (so that every place stays where it was) and its syntax tree. */
export class Source {
  readonly path: string;
  readonly original: string;
  readonly text: string;
  readonly program: Node;
  readonly #lineStarts: number[] = [0];

  constructor(path: string, original: string) {
    this.path = path;
    this.original = original;
    for (let at = original.indexOf('\n'); at >= 0; at = original.indexOf('\n', at + 1)) this.#lineStarts.push(at + 1);
    this.text = /\.[mc]?ts$/.test(path) ? this.#withoutTypes() : original;
    const parsed = parseSync(path.replace(/\.([mc]?)ts$/, '.$1js'), this.text, { sourceType: 'module', lang: 'js' });
    const [error] = parsed.errors;
    if (error !== undefined) throw new Refusal(this, error.labels[0]?.start ?? 0, `does not parse: ${error.message}`);
    this.program = parsed.program as Node;
  }

  /** Line and column (both from 1) of an offset. */
  place(offset: number): { line: number; column: number } {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#lineStarts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#lineStarts[low] as number) + 1 };
  }

  /** The trimmed text of a line (from 1). */
  line(line: number): string {
    const start = this.#lineStarts[line - 1] as number;
    return this.original.slice(start, this.#lineStarts[line] ?? this.original.length).trim();
  }

  #withoutTypes(): string {
    try {
      return stripTypeScriptTypes(this.original);
    } catch (error) {
      const [asTyped] = parseSync(this.path, this.original, { sourceType: 'module', lang: 'ts' }).errors;
      if (asTyped !== undefined) throw new Refusal(this, asTyped.labels[0]?.start ?? 0, `does not parse: ${asTyped.message}`);
      throw new Refusal(this, 0, `${(error as Error).message}; only TypeScript that Node runs as it is can be explored (no enum, namespace, parameter property)`);
    }
  }
}

/** The children of a node in the order of the text. */
export function children(node: Node): Node[] {
  const found: Node[] = [];
  for (const key of (visitorKeys as Record<string, string[]>)[node.type] ?? []) {
    const value = (node as unknown as Record<string, unknown>)[key];
    if (Array.isArray(value)) found.push(...(value as (Node | null)[]).filter((child) => child !== null));
    else if (value !== null && value !== undefined) found.push(value as Node);
  }
  return found.sort((a, b) => a.start - b.start);
}

/** Without parentheses around it. */
export function bare(node: Node): Node {
  return node.type === 'ParenthesizedExpression' ? bare(node.expression) : node;
}
