import type { Colours } from './colour.ts';
import type { FunctionInfo, ModuleInfo, Scope } from './scopes.ts';
import type { Site } from './sites.ts';
import { children, type Node } from './source.ts';

/** Where statements, or members of a class, stand one after the other; and those that a line break may end. */
const statementLists: ReadonlySet<string> = new Set(['Program', 'BlockStatement', 'FunctionBody', 'StaticBlock', 'SwitchCase', 'ClassBody']);
const endsWithLine: ReadonlySet<string> = new Set(['ExpressionStatement', 'VariableDeclaration', 'ReturnStatement', 'ThrowStatement', 'BreakStatement', 'ContinueStatement', 'DoWhileStatement', 'PropertyDefinition']);

/** Prints a syntax tree as it stands, but for the nodes that {@link Printer.special} prints in another way; lines stay where they are. */
export abstract class Printer {
  protected readonly module: ModuleInfo;
  protected readonly colours: Colours;
  protected readonly sites: Site[];
  protected readonly text: string;
  protected owner: FunctionInfo;
  protected scope: Scope;
  /** Parameters of a generator run before it yields, so no access can stand in their defaults. */
  protected inParameters = false;
  /** Elements that the language itself writes to. */
  protected readonly targets = new Set<Node>();
  protected temporaries = 0;

  constructor(module: ModuleInfo, colours: Colours, sites: Site[]) {
    this.module = module;
    this.colours = colours;
    this.sites = sites;
    this.text = module.source.text;
    this.owner = module.top;
    this.scope = module.scopes.get(module.source.program) as Scope;
  }

  /** The text of a node that does not stay as it is. */
  protected abstract special(node: Node): string | undefined;

  protected emit(node: Node): string {
    const owner = this.owner;
    const scope = this.scope;
    this.owner = this.module.functions.get(node) ?? owner;
    this.scope = this.module.scopes.get(node) ?? scope;
    try {
      return this.special(node) ?? this.plain(node);
    } finally {
      this.owner = owner;
      this.scope = scope;
    }
  }

  /** The node as it stands, its children rewritten. */
  protected plain(node: Node): string {
    // A shorthand property has its key and value in one place.
    const parts = node.type === 'Property' && 'shorthand' in node && node.shorthand ? [node.value as Node] : children(node);
    const listed = statementLists.has(node.type);
    let out = '';
    let at = node.start;
    for (const child of parts) {
      if (child.start < at) continue;
      out += this.text.slice(at, child.start) + this.emit(child);
      // What is rewritten may begin with a parenthesis or a star, which would go on with a statement that relies on its line break.
      if (listed && endsWithLine.has(child.type) && this.text[child.end - 1] !== ';') out += ';';
      at = child.end;
    }
    return out + this.text.slice(at, node.end);
  }

  protected temporaryNames(): string {
    return this.temporaries === 0 ? '' : ` let ${Array.from({ length: this.temporaries }, (_, at) => `__temporary${at}`).join(', ')};`;
  }

  protected guard(node: Node): string {
    return `__plain(${this.emit(node)}, ${this.site(node)})`;
  }

  protected guardedMember(node: Node & { type: 'MemberExpression' }, before: string): string {
    const between = this.text.slice(node.object.end, node.property.start);
    return `${before}${this.guard(node.object)}${between}${this.emit(node.property)}${this.text.slice(node.property.end, node.end)}`;
  }

  protected site(node: Node): number {
    const { source } = this.module;
    const { line, column } = source.place(node.start);
    return this.sites.push({ file: source.path, line, column, function: this.owner.name, text: source.line(line) }) - 1;
  }

  /** The line breaks of a piece of text, to keep every line where it was. */
  protected lines(start: number, end: number): string {
    return this.text.slice(start, end).replaceAll(/[^\n]+/g, '');
  }

  protected canYield = (): boolean => this.owner.generator && !this.inParameters;
  protected temporary = (): string => `__temporary${this.temporaries++}`;
}
