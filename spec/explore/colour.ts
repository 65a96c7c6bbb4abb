import { bare, children, Refusal, type Node } from './source.ts';
import { isName, methodName, ofAtomics, rootName } from './syntax.ts';
import type { Binding, Call, FunctionInfo, ModuleInfo, Scope } from './scopes.ts';

/** What a name stands for, followed through imports. */
export type Meaning =
  | { readonly kind: 'function'; readonly info: FunctionInfo }
  | { readonly kind: 'intrinsic'; readonly name: string }
  | { readonly kind: 'class' | 'value' | 'external' | 'global' };

export type Resolution = { readonly kind: 'module'; readonly module: ModuleInfo } | { readonly kind: 'intrinsics' } | { readonly kind: 'external' };

/** All modules of a subject and how they find each other. */
export interface Program {
  readonly modules: readonly ModuleInfo[];
  resolve(module: ModuleInfo, specifier: string): Resolution;
}

export const atomicOps: Readonly<Record<string, number>> = {
  load: 2, store: 3, add: 3, sub: 3, and: 3, or: 3, xor: 3, exchange: 3, compareExchange: 4,
};
/** Those of `Atomics` that wait, with the fewest and the most arguments. */
export const waitingOps: Readonly<Record<string, readonly [least: number, most: number]>> = { pause: [0, 1], wait: [3, 4], notify: [2, 3] };
/** The plain-access helpers and `pause`, with their number of arguments. */
export const intrinsics: Readonly<Record<string, number>> = { peek: 2, poke: 3, pokeTag: 3, ownRead: 2, ownWrite: 3, pause: 0 };

const builtinMethods = new Set(
  [Array, Map, Set, String, Number, Object, Promise, RegExp, Function, Int32Array, Object.getPrototypeOf(Int32Array)].flatMap((type: { prototype: object }) =>
    Object.getOwnPropertyNames(type.prototype),
  ),
);
for (const name of ['call', 'apply']) builtinMethods.delete(name); // they enter what they are called on
export const isBuiltinMethod = (name: string): boolean => builtinMethods.has(name);
const mutating = new Set(['push', 'pop', 'shift', 'unshift', 'splice', 'sort', 'reverse', 'fill', 'set', 'add', 'delete', 'clear', 'copyWithin']);
/** Functions that a mutation tester adds to every module, and what they replace themselves by. They stay as they are. */
const isStrykersName = (name: string): boolean => /^stry(NS|Cov|MutAct)_/.test(name);
const isStrykers = (info: FunctionInfo | undefined): boolean => info !== undefined && (isStrykersName(info.name) || isStrykers(info.parent));

/** Decides which functions become generators, and refuses what cannot be explored soundly. */
export class Colours {
  readonly #program: Program;
  /** Functions by the name under which they can be called as methods. */
  readonly #methods = new Map<string, FunctionInfo[]>();

  constructor(program: Program) {
    this.#program = program;
    for (const module of program.modules) for (const info of module.functions.values()) this.#addMethod(info);
    for (const module of program.modules) this.#read(module.source.program, module.top, module.scopes.get(module.source.program) as Scope, module, []);
    this.#spread();
    for (const module of program.modules) for (const info of module.functions.values()) this.#settle(info);
  }

  meaning(binding: Binding | undefined, module: ModuleInfo): Meaning {
    if (binding === undefined) return { kind: 'global' };
    if (binding.kind !== 'import') return binding.kind === 'function' ? binding : { kind: binding.kind };
    return this.#exported(module, binding.specifier, binding.imported);
  }

  /** Whether a method call may enter a generator, for certain does, or cannot. */
  methodCall(name: string, own: boolean): 'always' | 'perhaps' | 'never' {
    const infos = this.#methods.get(name);
    if (infos === undefined) return builtinMethods.has(name) ? 'never' : 'perhaps';
    if (infos.every((info) => !info.generator)) return builtinMethods.has(name) || own ? 'never' : 'perhaps';
    return own && infos.every((info) => info.generator) ? 'always' : 'perhaps';
  }

  /** Whether a method of the subject by this name is a generator. */
  isRewritten(name: string): boolean {
    return this.#methods.get(name)?.some((info) => info.generator) === true;
  }

  #exported(from: ModuleInfo, specifier: string, name: string): Meaning {
    const found = this.#program.resolve(from, specifier);
    if (found.kind === 'intrinsics') return { kind: 'intrinsic', name };
    if (found.kind === 'external') return { kind: 'external' };
    const { module } = found;
    const target = module.exports.get(name);
    if (target !== undefined && 'specifier' in target) return this.#exported(module, target.specifier, target.imported);
    if (target !== undefined) return this.meaning((module.scopes.get(module.source.program) as Scope).bindings.get(target.local) ?? { kind: 'class' }, module);
    for (const star of module.starExports) {
      const meaning = this.#exported(module, star, name);
      if (meaning.kind !== 'global') return meaning;
    }
    return { kind: name === '*' ? 'value' : 'global' };
  }

  #addMethod(info: FunctionInfo): void {
    const name = info.name.slice(info.name.lastIndexOf('.') + 1).replace(/^static /, '');
    if (info.name === '(anonymous)' || info.name.startsWith('(')) return;
    const known = this.#methods.get(name);
    if (known === undefined) this.#methods.set(name, [info]);
    else known.push(info);
  }

  #read(node: Node, owner: FunctionInfo, scope: Scope, module: ModuleInfo, path: readonly Node[]): void {
    const inside = module.functions.get(node) ?? owner;
    const here = module.scopes.get(node) ?? scope;
    const refuse = (at: Node, message: string): never => {
      throw new Refusal(module.source, at.start, message);
    };
    switch (node.type) {
      case 'CallExpression':
        this.#readCall(node, inside, here, module);
        break;
      case 'MemberExpression':
        if (node.computed && !isName(node.property)) inside.vague = true;
        break;
      case 'Identifier':
        this.#readName(node, here, module, path);
        break;
      case 'AwaitExpression':
        if (inside === module.top) refuse(node, 'a module with a top-level await cannot be explored');
        break;
      case 'ImportExpression':
        refuse(node, 'a dynamic import cannot be explored; import the module at the top');
        break;
      case 'NewExpression':
        if (node.callee.type === 'Identifier') {
          const meaning = this.meaning(here.find(node.callee.name), module);
          if (meaning.kind === 'function') fixed(meaning.info, `is called with new (line ${module.source.place(node.start).line}), where nothing can be interrupted; do it in a method that is called after`);
        }
        break;
      case 'AssignmentExpression':
        this.#readTarget(node.left, inside, here, module);
        break;
      case 'UpdateExpression':
        this.#readTarget(node.argument, inside, here, module);
        break;
      default:
    }
    const trail = [...path, node];
    for (const child of children(node)) this.#read(child, inside, here, module, trail);
  }

  #readCall(node: Node & { type: 'CallExpression' }, inside: FunctionInfo, scope: Scope, module: ModuleInfo): void {
    const callee = bare(node.callee);
    let target: Call['target'];
    let entered = true;
    const atomics = ofAtomics(callee, (name) => scope.find(name) !== undefined);
    if (atomics !== undefined) {
      this.#readAtomics(node, atomics, inside, module);
      return;
    }
    if (callee.type === 'Identifier') {
      const binding = scope.find(callee.name);
      const meaning = this.meaning(binding, module);
      if (meaning.kind === 'intrinsic' && Object.hasOwn(intrinsics, meaning.name)) {
        inside.access ??= node;
        return;
      }
      if (meaning.kind === 'function') target = { kind: 'function', info: meaning.info };
      else if (meaning.kind === 'value') inside.vague = true;
      else entered = false;
    } else if (callee.type === 'MemberExpression' && !callee.computed) {
      const name = methodName(callee);
      const own = callee.object.type === 'ThisExpression' || callee.object.type === 'Super' || callee.property.type === 'PrivateIdentifier';
      entered = this.#methods.has(name);
      const base = rootName(callee.object);
      const global = base !== undefined && scope.find(base) === undefined;
      if (global) entered = false;
      else if (entered) target = { method: name, own };
      else if (!builtinMethods.has(name)) inside.vague = true;
      this.#readMutation(callee, name, inside, scope, module);
    } else {
      inside.vague = true;
    }
    inside.calls.push({ node, target });
    if (!entered) for (const argument of node.arguments) this.#fix(bare(argument as Node), scope, module, node);
  }

  #readAtomics(node: Node & { type: 'CallExpression' }, callee: Node & { type: 'MemberExpression' }, inside: FunctionInfo, module: ModuleInfo): void {
    const { property } = callee;
    const named = !callee.computed && property.type === 'Identifier' ? property.name : undefined;
    // Not there before Node 26, so that subjects ask for it.
    const name = named === 'pause' || (!callee.optional && !node.optional) ? named : undefined;
    if (name === 'isLockFree') return;
    if (name === 'waitAsync') {
      throw new Refusal(module.source, node.start, 'Atomics.waitAsync is not explored: an operation answers before its promise does; use Atomics.wait, or a loop that calls Atomics.pause()');
    }
    const arity = name === undefined ? undefined : Object.hasOwn(waitingOps, name) ? waitingOps[name] : Object.hasOwn(atomicOps, name) ? ([atomicOps[name], atomicOps[name]] as [number, number]) : undefined;
    if (name === undefined || arity === undefined) throw new Refusal(module.source, node.start, 'call Atomics by its literal name, as Atomics.load(view, index)');
    const [least, most] = arity;
    if (node.arguments.length < least || node.arguments.length > most || node.arguments.some((argument) => argument.type === 'SpreadElement')) {
      throw new Refusal(module.source, node.start, `Atomics.${name} takes ${least === most ? least : `${least} to ${most}`} arguments here, each written out`);
    }
    inside.access ??= node;
  }

  /** A name used other than as a callee. */
  #readName(node: Node & { type: 'Identifier' }, scope: Scope, module: ModuleInfo, path: readonly Node[]): void {
    const parent = path.at(-1) as Node;
    const isProperty =
      (parent.type === 'MemberExpression' && parent.property === node && !parent.computed) ||
      ((parent.type === 'Property' || parent.type === 'MethodDefinition' || parent.type === 'PropertyDefinition') && parent.key === node && !parent.computed && !('shorthand' in parent && parent.shorthand));
    if (isProperty) {
      if (node.name === 'Atomics') throw new Refusal(module.source, node.start, 'call Atomics by its literal name; reached through another object it cannot be followed');
      return;
    }
    if (node.name === 'Atomics' && scope.find('Atomics') === undefined) {
      const [around, call] = path.filter(({ type }) => type !== 'ParenthesizedExpression').slice(-2).reverse() as [Node, Node | undefined];
      const member = around.type === 'MemberExpression' && bare(around.object) === node ? around : undefined;
      const called = member !== undefined && call?.type === 'CallExpression' && bare(call.callee) === member;
      const name = member?.property.type === 'Identifier' ? member.property.name : '';
      const taken = Object.hasOwn(atomicOps, name) || name === 'wait' || name === 'notify' || name === 'waitAsync';
      const asked = (member !== undefined && !taken) || (around.type === 'UnaryExpression' && around.operator === 'typeof');
      if (!called && !(asked && call?.type !== 'VariableDeclarator')) {
        const instead = name === 'pause' ? '; call Atomics.pause(), or Atomics.pause?.() where it may be missing' : '';
        throw new Refusal(module.source, node.start, `call Atomics by its literal name; an alias of it cannot be followed${instead}`);
      }
      return;
    }
    if (parent.type === 'CallExpression' && bare(parent.callee) === node) return;
    const meaning = this.meaning(scope.find(node.name), module);
    if (meaning.kind === 'intrinsic' && Object.hasOwn(intrinsics, meaning.name) && !parent.type.startsWith('Import') && !parent.type.startsWith('Export')) {
      throw new Refusal(module.source, node.start, `call ${node.name} directly; as a value it cannot be followed`);
    }
  }

  /** A function handed to something unknown must stay what it is: nobody there would run a generator. */
  #fix(argument: Node, scope: Scope, module: ModuleInfo, call: Node): void {
    const line = module.source.place(call.start).line;
    const why = `is handed to a function that is not part of the subject (line ${line}); write a loop, or a function of your own`;
    if (argument.type === 'Identifier') {
      const meaning = this.meaning(scope.find(argument.name), module);
      if (meaning.kind === 'function') fixed(meaning.info, why);
    } else {
      const info = module.functions.get(argument);
      if (info !== undefined) fixed(info, why);
    }
  }

  #readTarget(target: Node, inside: FunctionInfo, scope: Scope, module: ModuleInfo): void {
    if (inside === module.top) return;
    const left = bare(target);
    const name = left.type === 'Identifier' ? left.name : left.type === 'MemberExpression' ? rootName(left) : undefined;
    const binding = name === undefined ? undefined : scope.find(name);
    if (binding === undefined || isStrykersName(name as string) || isStrykers(inside)) return;
    const shared = (binding.kind === 'value' && binding.moduleLevel) || (binding.kind === 'class' && left.type === 'MemberExpression') || binding.kind === 'import';
    if (shared) throw new Refusal(module.source, target.start, mutableState(name as string));
  }

  #readMutation(callee: Node & { type: 'MemberExpression' }, name: string, inside: FunctionInfo, scope: Scope, module: ModuleInfo): void {
    if (inside === module.top || !mutating.has(name) || callee.object.type !== 'Identifier') return;
    const binding = scope.find(callee.object.name);
    if (binding?.kind === 'value' && binding.moduleLevel) throw new Refusal(module.source, callee.start, mutableState(callee.object.name));
  }

  /** Least fixed point: who reaches an access, and who has to be a generator since something it calls may be one. */
  #spread(): void {
    const infos = this.#program.modules.flatMap((module) => [...module.functions.values()]);
    for (let changed = true; changed; ) {
      changed = false;
      for (const info of infos) {
        if (isStrykers(info)) continue;
        const targets = info.calls.flatMap((call) => this.#targets(call));
        const reaches = info.access !== undefined || targets.some((target) => target.reaches);
        const vague = info.vague || targets.some((target) => target.vague && target.fixed === undefined);
        if (reaches !== info.reaches || vague !== info.vague) changed = true;
        info.reaches = reaches;
        info.vague = vague;
      }
    }
  }

  #targets(call: Call): readonly FunctionInfo[] {
    if (call.target === undefined) return [];
    if ('method' in call.target) return this.#methods.get(call.target.method) ?? [];
    return call.target.kind === 'function' ? [call.target.info] : [];
  }

  #settle(info: FunctionInfo): void {
    if (isStrykers(info)) return;
    const isFunction = info.node.type !== 'Program' && info.node.type !== 'PropertyDefinition' && info.node.type !== 'StaticBlock';
    if (info.reaches && info.fixed !== undefined) {
      const where = info.access ?? info.calls.find((call) => this.#targets(call).some((target) => target.reaches))?.node ?? info.node;
      throw new Refusal(info.source, where.start, `${info.name} reaches shared memory, but ${info.fixed}`);
    }
    info.generator = isFunction && info.fixed === undefined && (info.reaches || info.vague);
  }
}

const mutableState = (name: string): string =>
  `${name} is state of the module, which workers on real threads would not share; keep it in the shared memory or in the handle`;

function fixed(info: FunctionInfo, why: string): void {
  (info as { fixed: string | undefined }).fixed ??= why;
}
