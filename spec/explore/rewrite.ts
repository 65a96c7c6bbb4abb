import { atomicOps, Colours, intrinsics, isBuiltinMethod, waitingOps } from './colour.ts';
import type { ModuleInfo } from './scopes.ts';
import type { Site } from './sites.ts';
import { ElementPrinter } from './element-printer.ts';
import { bare, Refusal, type Node } from './source.ts';
import { isElement, isInChain, methodName, ofAtomics, rootName, viewMethods, type Element } from './syntax.ts';

/** A function or method as far as rewriting needs it; the parser's own types also cover bodiless declarations of TypeScript. */
type Callable = { start: number; end: number; params: Node[]; body: Node | null };

/**
 * The text of a module for exploration: the body of a function that gets its imports handed in. Every function that reaches a shared
 * access is a generator that asks for the access and, unless it has seen its value, yields before it; lines stay where they are. Where a generator cannot stand
 * (constructors, accessors, callbacks of others), elements are guarded instead: a shared view met there is an error with its place.
 */
export function rewrite(module: ModuleInfo, colours: Colours, sites: Site[]): string {
  return new Rewriter(module, colours, sites).print();
}

class Rewriter extends ElementPrinter {
  print(): string {
    const exported = [...this.module.exports].map(([name, target]) => {
      const value = 'local' in target ? target.local : target.imported === '*' ? `__import(${JSON.stringify(target.specifier)})` : `__import(${JSON.stringify(target.specifier)})[${JSON.stringify(target.imported)}]`;
      return `${JSON.stringify(name)}: () => ${value}`;
    });
    const stars = this.module.starExports.map((specifier) => `__exportAll(__import(${JSON.stringify(specifier)}));`).join(' ');
    return `'use strict'; __export({ ${exported.join(', ')} }); ${stars} ${this.emit(this.module.source.program)}`;
  }

  protected special(node: Node): string | undefined {
    switch (node.type) {
      case 'ImportDeclaration':
        return this.importDeclaration(node);
      case 'ExportNamedDeclaration':
        return node.declaration === null ? this.lines(node.start, node.end) : this.lines(node.start, node.declaration.start) + this.emit(node.declaration as Node);
      case 'ExportDefaultDeclaration':
        return this.exportDefault(node);
      case 'ExportAllDeclaration':
        return this.lines(node.start, node.end);
      case 'FunctionDeclaration':
      case 'FunctionExpression':
        return this.owner.generator ? this.functionText(node as unknown as Callable) : undefined;
      case 'ArrowFunctionExpression':
        return this.owner.generator ? this.arrow(node) : undefined;
      case 'MethodDefinition':
        return this.method(node, true);
      case 'Property':
        return this.method(node, 'method' in node && node.method);
      case 'ChainExpression':
        return this.chain(node);
      case 'CallExpression':
        return this.call(node);
      case 'MemberExpression':
        if (!isElement(node)) return undefined;
        return this.targets.has(node) ? this.guardedMember(node, '') : this.element(node);
      case 'Identifier':
        return node.name === 'arguments' ? this.refuseInArrow(node, 'arguments are those of the function around it; name the parameters') : undefined;
      case 'Super':
        return this.refuseInArrow(node, 'super cannot be reached from an arrow function here; call it in the method itself');
      case 'WhileStatement':
      case 'DoWhileStatement':
      case 'ForStatement':
      case 'ForInStatement':
        this.aimAt(node.type === 'ForInStatement' ? (node.left as Node) : undefined);
        return this.loop(node);
      case 'AssignmentExpression':
        return this.assignment(node);
      case 'UpdateExpression':
        return this.update(node);
      case 'UnaryExpression':
        return node.operator === 'delete' && isElement(bare(node.argument)) ? this.guardedMember(bare(node.argument) as Element, 'delete ') : undefined;
      case 'SpreadElement':
        return `...${this.guard(node.argument)}`;
      case 'ForOfStatement':
        return this.forOf(node);
      case 'VariableDeclarator':
        return node.id.type === 'ArrayPattern' && node.init !== null
          ? this.emit(node.id as Node) + this.text.slice(node.id.end, node.init.start) + this.guard(node.init)
          : undefined;
      default:
        return undefined;
    }
  }

  protected importDeclaration(node: Node & { type: 'ImportDeclaration' }): string {
    const from = `__import(${JSON.stringify(node.source.value)})`;
    const lines = this.lines(node.start, node.end);
    const names: string[] = [];
    let all = '';
    for (const part of node.specifiers) {
      const meaning = this.colours.meaning(this.scope.find(part.local.name), this.module);
      if (meaning.kind === 'intrinsic') continue;
      if (part.type === 'ImportNamespaceSpecifier') all = `const ${part.local.name} = ${from};`;
      else if (part.type === 'ImportDefaultSpecifier') names.push(`default: ${part.local.name}`);
      else names.push(`${this.text.slice(part.imported.start, part.imported.end)}: ${part.local.name}`);
    }
    const named = names.length > 0 ? `const { ${names.join(', ')} } = ${from};` : node.specifiers.length === 0 ? `${from};` : '';
    return `${all}${named}${lines}`;
  }

  protected exportDefault(node: Node & { type: 'ExportDefaultDeclaration' }): string {
    const { declaration } = node;
    const named = (declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration') && declaration.id !== null;
    const value = this.emit(declaration as Node);
    if (named) return this.lines(node.start, declaration.start) + value;
    const semicolon = this.text.slice(declaration.end, node.end).includes(';') ? '' : ';';
    return `const __default = ${this.lines(node.start, declaration.start)}${value}${this.text.slice(declaration.end, node.end)}${semicolon}`;
  }

  protected functionText(node: Callable): string {
    const keyword = this.text.slice(node.start, node.start + 8) === 'function' ? 'function*' : '';
    const head = keyword === '' ? node.start : node.start + 8;
    return keyword + this.parameters(node, head) + this.body(node.body as Node);
  }

  /** From `start` to the body: name, parameters, and what stands between. */
  protected parameters(node: Callable, start: number): string {
    this.inParameters = true;
    let out = '';
    let at = start;
    for (const param of node.params) {
      out += this.text.slice(at, param.start) + this.emit(param);
      at = param.end;
    }
    this.inParameters = false;
    return out + this.text.slice(at, (node.body as Node).start);
  }

  protected body(body: Node): string {
    const outer = [this.temporaries, this.inParameters] as const;
    [this.temporaries, this.inParameters] = [0, false];
    const text = this.emit(body);
    const declared = this.temporaryNames();
    [this.temporaries, this.inParameters] = outer;
    return declared === '' ? text : `{${declared}${text.slice(1)}`;
  }

  protected arrow(node: Node & { type: 'ArrowFunctionExpression' }): string {
    const head = this.parameters(node as unknown as Callable, node.start);
    const last = node.params.at(-1);
    const tail = this.text.slice(last?.end ?? node.start, node.body.start);
    const arrow = head.length - tail.length + tail.replaceAll(/\/\*[^]*?\*\/|\/\/[^\n]*/g, (comment) => ' '.repeat(comment.length)).lastIndexOf('=>');
    const parameters = head.slice(0, arrow) + head.slice(arrow + 2);
    const listed = this.text[node.start] === '(' ? parameters : `(${parameters})`;
    let body: string;
    if (node.body.type === 'BlockStatement') {
      body = this.body(node.body);
    } else {
      const outer = this.temporaries;
      this.temporaries = 0;
      const value = this.emit(node.body as Node);
      body = `{${this.temporaryNames()} return (${value}); }`;
      this.temporaries = outer;
    }
    return `(function* ${listed}${body})${this.owner.usesThis ? '.bind(this)' : ''}`;
  }

  protected method(node: { start: number; end: number; key: Node; value: Node | null; computed: boolean }, isMethod: boolean): string | undefined {
    const value = node.value as Node;
    const info = this.module.functions.get(value);
    if (info === undefined || !info.generator || !isMethod) return undefined;
    const keyStart = node.computed ? this.text.lastIndexOf('[', node.key.start) : node.key.start;
    const name = this.text.slice(node.start, keyStart) + '*' + this.text.slice(keyStart, node.key.start) + this.emit(node.key as Node);
    return name + this.text.slice(node.key.end, value.start) + this.emit(value);
  }

  protected chain(node: Node & { type: 'ChainExpression' }): string | undefined {
    const expression = node.expression as Node;
    if (expression.type !== 'CallExpression') return undefined;
    const access = this.access(expression);
    if (access !== undefined) return access;
    return this.enter(this.plain(expression), node, this.kindOfCall(expression) === 'never' ? 'never' : 'perhaps');
  }

  protected call(node: Node & { type: 'CallExpression' }): string {
    const access = this.access(node);
    if (access !== undefined) return access;
    const callee = bare(node.callee);
    const isViewMethod = callee.type === 'MemberExpression' && !callee.computed && viewMethods.has(methodName(callee));
    const kept = this.kindOfCall(node) === 'never' && this.isBuiltin(callee);
    const text = kept ? this.callOfBuiltin(node) : isViewMethod ? this.callOnGuarded(node, callee) : callee.type === 'MemberExpression' && callee.computed ? this.callOfElement(node, callee) : this.plain(node);
    if (isInChain(node)) {
      // The links after it would be those of a generator.
      if (callee.type === 'MemberExpression' && !callee.computed && this.colours.isRewritten(methodName(callee))) {
        throw new Refusal(this.module.source, node.start, `${methodName(callee)} reaches shared memory in the middle of an optional chain; call it in a statement of its own`);
      }
      return text;
    }
    return this.enter(text, node, this.kindOfCall(node));
  }

  protected kindOfCall(node: Node & { type: 'CallExpression' }): 'always' | 'perhaps' | 'never' {
    const callee = bare(node.callee);
    if (callee.type === 'Super') return 'never';
    if (callee.type === 'Identifier') {
      const meaning = this.colours.meaning(this.scope.find(callee.name), this.module);
      if (meaning.kind === 'function') return meaning.info.generator ? 'always' : 'never';
      return meaning.kind === 'value' || meaning.kind === 'class' ? 'perhaps' : 'never';
    }
    if (callee.type !== 'MemberExpression' || callee.computed) return 'perhaps';
    const root = rootName(callee.object);
    if (root !== undefined && this.scope.find(root) === undefined) return 'never';
    const own = callee.object.type === 'ThisExpression' || callee.object.type === 'Super' || callee.property.type === 'PrivateIdentifier';
    return this.colours.methodCall(methodName(callee), own);
  }

  protected enter(text: string, node: Node, kind: 'always' | 'perhaps' | 'never'): string {
    if (kind === 'never') return text;
    if (!this.canYield()) return `__finish(${text}, ${this.site(node)})`;
    return `(__${kind === 'always' ? 'calls' : 'enters'}(${text}) ? yield : __got())`;
  }

  /** An access by `Atomics` or a plain-access helper. */
  protected access(node: Node & { type: 'CallExpression' }): string | undefined {
    const callee = bare(node.callee);
    let name: string | undefined;
    const atomics = ofAtomics(callee, (bound) => this.scope.find(bound) !== undefined);
    if (atomics !== undefined) {
      name = (atomics.property as { name: string }).name;
      if (!Object.hasOwn(waitingOps, name) && !Object.hasOwn(atomicOps, name)) return undefined;
    } else if (callee.type === 'Identifier') {
      const meaning = this.colours.meaning(this.scope.find(callee.name), this.module);
      if (meaning.kind !== 'intrinsic' || !Object.hasOwn(intrinsics, meaning.name)) return undefined;
      name = meaning.name;
      if (node.arguments.length !== intrinsics[name]) throw new Refusal(this.module.source, node.start, `${name} takes ${intrinsics[name]} arguments`);
    } else {
      return undefined;
    }
    if (!this.canYield()) throw new Refusal(this.module.source, node.start, 'shared memory is reached in a default parameter; move it into the body');
    let out = '';
    let at = node.callee.end;
    for (const argument of node.arguments) {
      out += this.lines(at, argument.start) + this.emit(argument as Node) + ', ';
      at = argument.end;
    }
    const missing = waitingOps[name]?.[1] ?? 0;
    for (let number = node.arguments.length; number < missing; number++) out += 'undefined, ';
    const asked = `__${name}(${out}${this.lines(at, node.end)}${this.site(node)})`;
    if (name === 'wait') return `(yield* ${asked})`;
    return name === 'pause' ? `(${asked} && (yield), undefined)` : `(${asked} ? yield : __got())`;
  }

  protected refuseInArrow(node: Node, why: string): undefined {
    if (this.owner.generator && this.owner.node.type === 'ArrowFunctionExpression') throw new Refusal(this.module.source, node.start, why);
    return undefined;
  }

  protected callOnGuarded(node: Node & { type: 'CallExpression' }, callee: Node & { type: 'MemberExpression' }): string {
    if (isInChain(node)) return this.plain(node);
    return this.guard(callee.object) + this.text.slice(callee.object.end, callee.end) + this.argumentsText(node);
  }

  /** A method of the language's own objects, or of any object if only those have it. */
  protected isBuiltin(callee: Node): boolean {
    if (callee.type === 'Identifier') return callee.name === 'structuredClone' && this.scope.find(callee.name) === undefined;
    if (callee.type !== 'MemberExpression' || callee.computed) return false;
    const root = rootName(callee.object);
    return root === undefined || this.scope.find(root) !== undefined ? isBuiltinMethod(methodName(callee)) : root === 'Object' || root === 'JSON' || root === 'Array' || root === 'Reflect';
  }

  /** Its arguments are run or read by the language itself: a function among them must not be a generator, nor a view be looked through. */
  protected callOfBuiltin(node: Node & { type: 'CallExpression' }): string {
    const callee = bare(node.callee);
    let out = callee.type === 'MemberExpression' && viewMethods.has(methodName(callee)) ? this.guard(callee.object) + this.text.slice(callee.object.end, callee.end) : this.emit(node.callee);
    let at = node.callee.end;
    for (const argument of node.arguments) {
      const simple = argument.type === 'SpreadElement' || argument.type === 'Literal' || argument.type === 'ArrowFunctionExpression' || argument.type === 'FunctionExpression';
      const text = this.emit(argument as Node);
      out += this.text.slice(at, argument.start) + (simple ? text : `__handed(${text}, ${this.site(argument as Node)})`);
      at = argument.end;
    }
    return out + this.text.slice(at, node.end);
  }

  protected callOfElement(node: Node & { type: 'CallExpression' }, callee: Node & { type: 'MemberExpression' }): string {
    return `${this.emit(callee.object)}${this.text.slice(callee.object.end, callee.property.start)}${this.emit(callee.property)}${this.text.slice(callee.property.end, callee.end)}${this.argumentsText(node)}`;
  }

  protected argumentsText(node: Node & { type: 'CallExpression' }): string {
    let out = '';
    let at = node.callee.end;
    for (const argument of node.arguments) {
      out += this.text.slice(at, argument.start) + this.emit(argument as Node);
      at = argument.end;
    }
    return out + this.text.slice(at, node.end);
  }
}
