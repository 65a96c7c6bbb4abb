import { Printer } from './printer.ts';
import { bare, children, type Node } from './source.ts';
import { isElement, isInChain } from './syntax.ts';

/** Prints reads and writes of elements, which may be those of a shared view; only the value tells. */
export abstract class ElementPrinter extends Printer {
  protected element(node: Node & { type: 'MemberExpression' }): string {
    if (node.optional || isInChain(node) || !this.canYield()) return this.guardedMember(node, '');
    const [object, index] = [this.temporary(), this.temporary()];
    return `(${object} = ${this.emit(node.object)}${this.lines(node.object.end, node.property.start)}, ${index} = ${this.emit(node.property)}${this.lines(node.property.end, node.end)}, ${this.read(object, index, this.site(node))})`;
  }

  /** The value of an element; object and index are names. */
  protected read(object: string, index: string, site: number): string {
    return `(__isShared(${object}, ${index}) ? (__read(${object}, ${index}, ${site}) ? yield : __got()) : ${object}[${index}])`;
  }

  /** Assigns a value, which is a name as well, to an element. */
  protected write(object: string, index: string, value: string, site: number): string {
    return `(__isShared(${object}, ${index}) ? (__write(${object}, ${index}, ${value}, ${site}) ? yield : __got()) : ${object}[${index}] = ${value})`;
  }

  protected assignment(node: Node & { type: 'AssignmentExpression' }): string | undefined {
    const left = bare(node.left as Node);
    if (left.type === 'ArrayPattern' || left.type === 'ObjectPattern') this.aimAt(left);
    if (left.type === 'ArrayPattern') return `${this.emit(left)}${this.text.slice(node.left.end, node.right.start)}${this.guard(node.right)}`;
    if (!isElement(left)) return undefined;
    const logical = node.operator === '&&=' || node.operator === '||=' || node.operator === '??=';
    if (logical || !this.canYield()) return this.guardedMember(left, '') + this.text.slice(left.end, node.right.start) + this.emit(node.right);
    const site = this.site(node);
    const [object, index, value] = [this.temporary(), this.temporary(), this.temporary()];
    const right = `${this.lines(left.end, node.right.start)}${this.emit(node.right)}`;
    const given = node.operator === '=' ? right : `${this.read(object, index, site)} ${node.operator.slice(0, -1)} (${right})`;
    return `(${object} = ${this.emit(left.object)}${this.lines(left.object.end, left.property.start)}, ${index} = ${this.emit(left.property)}${this.lines(left.property.end, left.end)}, ${value} = ${given}, ${this.write(object, index, value, site)})`;
  }

  protected update(node: Node & { type: 'UpdateExpression' }): string | undefined {
    const target = bare(node.argument as Node);
    if (!isElement(target)) return undefined;
    if (!this.canYield()) return node.prefix ? node.operator + this.guardedMember(target, '') : this.guardedMember(target, '') + node.operator;
    const site = this.site(node);
    const [object, index, old, next] = [this.temporary(), this.temporary(), this.temporary(), this.temporary()];
    const read = `${object} = ${this.emit(target.object)}, ${index} = ${this.emit(target.property)}, ${old} = ${this.read(object, index, site)}`;
    return `(${read}, ${next} = ${node.operator === '++' ? '__more' : '__less'}(${old}), ${this.write(object, index, next, site)}${node.prefix ? '' : `, ${old}`})`;
  }

  /** The element targets of an assignment, which are written by the language itself: guarded, not asked for. */
  protected aimAt(pattern: Node | null | undefined): void {
    if (pattern === null || pattern === undefined) return;
    if (pattern.type === 'MemberExpression') this.targets.add(pattern);
    else if (pattern.type === 'ArrayPattern') for (const element of pattern.elements) this.aimAt(element as Node | null);
    else if (pattern.type === 'ObjectPattern') for (const property of pattern.properties) this.aimAt(property.type === 'RestElement' ? (property.argument as Node) : (property.value as Node));
    else if (pattern.type === 'AssignmentPattern') this.aimAt(pattern.left as Node);
    else if (pattern.type === 'RestElement') this.aimAt(pattern.argument as Node);
  }

  /** A loop, with its rounds counted: one that makes no access could not be stopped from outside. */
  protected loop(node: Node & { body: Node }): string {
    const { body } = node;
    let out = '';
    let at = node.start;
    for (const child of children(node)) {
      out += this.text.slice(at, child.start);
      if (child === body) out += `{ ++__rounds.since > __rounds.most && __endless(${this.site(node)}); ${this.emit(body)} }`;
      else out += this.emit(child);
      at = child.end;
    }
    return out + this.text.slice(at, node.end);
  }

  protected forOf(node: Node & { type: 'ForOfStatement' }): string {
    this.aimAt(node.left as Node);
    const head = this.text.slice(node.start, node.left.start) + this.emit(node.left as Node) + this.text.slice(node.left.end, node.right.start);
    return head + this.guard(node.right) + this.text.slice(node.right.end, node.body.start) + this.emit(node.body);
  }
}
