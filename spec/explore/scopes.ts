import { bare, children, type Node, type Source } from './source.ts';

/** A function of the subject's modules, or a piece of code that runs like one (a module's top level, a class field's initializer). */
export interface FunctionInfo {
  readonly node: Node;
  readonly source: Source;
  readonly name: string;
  readonly parent: FunctionInfo | undefined;
  /** Why it cannot become a generator, if it cannot. */
  readonly fixed: string | undefined;
  readonly calls: Call[];
  /** The first access to shared memory: an `Atomics` call or a plain-access helper. */
  access: Node | undefined;
  /** It reads or writes elements of something that may be a shared view, or calls something unknown. */
  vague: boolean;
  /** It reaches an access for certain: it becomes a generator or is refused. */
  reaches: boolean;
  /** It becomes a generator. */
  generator: boolean;
  usesThis: boolean;
}

export interface Call {
  readonly node: Node;
  /** Functions it may enter, as far as the text says; undefined: anything. */
  readonly target: Binding | { readonly method: string; readonly own: boolean } | undefined;
}

export type Binding =
  | { readonly kind: 'function'; readonly info: FunctionInfo }
  | { readonly kind: 'import'; readonly specifier: string; readonly imported: string }
  | { readonly kind: 'class' }
  | { readonly kind: 'value'; readonly moduleLevel: boolean; readonly node: Node };

export class Scope {
  readonly bindings = new Map<string, Binding>();
  readonly parent: Scope | undefined;
  readonly owner: FunctionInfo;
  constructor(parent: Scope | undefined, owner: FunctionInfo) {
    this.parent = parent;
    this.owner = owner;
  }
  find(name: string): Binding | undefined {
    return this.bindings.get(name) ?? this.parent?.find(name);
  }
}

export interface ModuleInfo {
  readonly source: Source;
  readonly top: FunctionInfo;
  readonly functions: Map<Node, FunctionInfo>;
  readonly scopes: Map<Node, Scope>;
  /** Exported name → local name, or a name of another module. */
  readonly exports: Map<string, { local: string } | { specifier: string; imported: string }>;
  /** Specifiers of `export *`. */
  readonly starExports: string[];
  /** Every module imported from, for its values. */
  readonly imports: Set<string>;
}

const isFunction = (node: Node): boolean =>
  node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression';

/** Names all functions, bindings, imports and exports of a module. */
export function survey(source: Source): ModuleInfo {
  const top = newFunction(source.program, source, '(module)', undefined, 'runs when the module is loaded');
  const module: ModuleInfo = {
    source, top, functions: new Map([[source.program, top]]), scopes: new Map(), exports: new Map(), starExports: [], imports: new Set(),
  };
  const scope = new Scope(undefined, top);
  module.scopes.set(source.program, scope);
  nameFunctions(source.program, top, module, []);
  declareAll(source.program, scope, module);
  return module;
}

function newFunction(node: Node, source: Source, name: string, parent: FunctionInfo | undefined, fixed: string | undefined): FunctionInfo {
  return { node, source, name, parent, fixed, calls: [], access: undefined, vague: false, reaches: false, generator: false, usesThis: false };
}

/** First pass: a FunctionInfo for each function, so that a binding can point at one that stands further down. */
function nameFunctions(node: Node, owner: FunctionInfo, module: ModuleInfo, path: readonly Node[]): void {
  let inside = owner;
  if (isFunction(node)) {
    inside = newFunction(node, module.source, nameOf(node, path, module.source), owner, whyFixed(node, path));
    module.functions.set(node, inside);
  } else if (node.type === 'PropertyDefinition' || node.type === 'StaticBlock') {
    inside = newFunction(node, module.source, '(class field)', owner, 'is a class field, which runs inside the constructor');
    module.functions.set(node, inside);
  }
  if (node.type === 'ThisExpression' || node.type === 'Super') markThis(owner);
  for (const child of children(node)) nameFunctions(child, inside, module, [...path, node]);
}

function markThis(owner: FunctionInfo): void {
  owner.usesThis = true;
  if (owner.node.type === 'ArrowFunctionExpression' && owner.parent !== undefined) markThis(owner.parent);
}

function nameOf(node: Node, path: readonly Node[], source: Source): string {
  if ((node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression') && node.id !== null && node.id !== undefined) return node.id.name;
  const parent = path.at(-1);
  if (parent?.type === 'MethodDefinition' || parent?.type === 'PropertyDefinition' || parent?.type === 'Property') {
    const name = source.text.slice(parent.key.start, parent.key.end);
    const owner = path.at(-3);
    const inClass = (owner?.type === 'ClassDeclaration' || owner?.type === 'ClassExpression') && owner.id !== null ? `${owner.id.name}.` : '';
    return inClass + name;
  }
  if (parent?.type === 'VariableDeclarator' && parent.id.type === 'Identifier') return parent.id.name;
  if (parent?.type === 'AssignmentExpression' && parent.left.type === 'MemberExpression' && !parent.left.computed) {
    return source.text.slice(parent.left.property.start, parent.left.property.end);
  }
  return '(anonymous)';
}

function whyFixed(node: Node, path: readonly Node[]): string | undefined {
  if (node.type !== 'FunctionDeclaration' && node.type !== 'FunctionExpression' && node.type !== 'ArrowFunctionExpression') return undefined;
  if (node.async) return 'is async; write it as plain synchronous code';
  if (node.type !== 'ArrowFunctionExpression' && node.generator) return 'is a generator; write it as a plain function';
  const parent = path.at(-1);
  if (parent?.type === 'MethodDefinition') {
    if (parent.kind === 'constructor') return 'is a constructor; move the access to a method that is called after it';
    if (parent.kind !== 'method') return `is an accessor (${parent.kind}); make it a method`;
  }
  if (parent?.type === 'Property' && parent.kind !== 'init') return `is an accessor (${parent.kind}); make it a method`;
  if (parent?.type === 'MethodDefinition' || parent?.type === 'Property') {
    const { key, computed } = parent;
    const called = computed ? key.type === 'MemberExpression' && key.object.type === 'Identifier' && key.object.name === 'Symbol' : key.type === 'Identifier' && calledByLanguage.has(key.name);
    if (called) return 'is called by the language itself, where nothing can be interrupted; make it a method of another name';
  }
  return undefined;
}

const calledByLanguage = new Set(['valueOf', 'toString', 'toJSON']);

/** Second pass: what each name means where. */
function declareAll(node: Node, scope: Scope, module: ModuleInfo): void {
  let inside = scope;
  const info = module.functions.get(node);
  if (info !== undefined && info !== module.top) {
    inside = new Scope(scope, info);
    module.scopes.set(node, inside);
    if (isFunction(node)) {
      const fn = node as Node & { params: Node[]; id?: { name: string } | null; type: string };
      for (const param of fn.params) declarePattern(param, inside);
      if (node.type === 'FunctionExpression' && fn.id) inside.bindings.set(fn.id.name, { kind: 'function', info });
    }
  } else if (node.type === 'BlockStatement' || /^(For|Switch|Catch|Class)/.test(node.type)) {
    inside = new Scope(scope, scope.owner);
    module.scopes.set(node, inside);
    if (node.type === 'CatchClause' && node.param !== null) declarePattern(node.param, inside);
  }
  for (const statement of children(node)) declareStatement(statement, inside, module);
  for (const child of children(node)) declareAll(child, inside, module);
}

function declareStatement(statement: Node, scope: Scope, module: ModuleInfo): void {
  switch (statement.type) {
    case 'FunctionDeclaration':
      if (statement.id !== null) scope.bindings.set(statement.id.name, { kind: 'function', info: module.functions.get(statement) as FunctionInfo });
      break;
    case 'ClassDeclaration':
      if (statement.id !== null) scope.bindings.set(statement.id.name, { kind: 'class' });
      break;
    case 'VariableDeclaration':
      for (const declarator of statement.declarations) declareVariable(declarator, statement.kind === 'const', scope, module);
      break;
    case 'ImportDeclaration':
      declareImport(statement, scope, module);
      break;
    case 'ExportNamedDeclaration':
    case 'ExportDefaultDeclaration':
    case 'ExportAllDeclaration':
      declareExport(statement, scope, module);
      break;
    default:
  }
}

function declareVariable(declarator: Node, constant: boolean, scope: Scope, module: ModuleInfo): void {
  if (declarator.type !== 'VariableDeclarator') return;
  const value = declarator.init === null ? undefined : bare(declarator.init);
  if (declarator.id.type === 'Identifier' && constant && value !== undefined && isFunction(value)) {
    scope.bindings.set(declarator.id.name, { kind: 'function', info: module.functions.get(value) as FunctionInfo });
  } else {
    declarePattern(declarator.id, scope);
  }
}

function declarePattern(pattern: Node, scope: Scope): void {
  if (pattern.type === 'Identifier') {
    scope.bindings.set(pattern.name, { kind: 'value', moduleLevel: scope.parent === undefined, node: pattern });
  } else if (pattern.type === 'AssignmentPattern') {
    declarePattern(pattern.left, scope);
  } else if (pattern.type === 'Property') {
    declarePattern(pattern.value, scope);
  } else if (pattern.type === 'RestElement') {
    declarePattern(pattern.argument, scope);
  } else if (pattern.type === 'ObjectPattern' || pattern.type === 'ArrayPattern') {
    for (const child of children(pattern)) declarePattern(child, scope);
  }
}

const moduleName = (node: Node): string => (node.type === 'Identifier' ? node.name : String((node as unknown as { value: unknown }).value));

function declareImport(statement: Node & { type: 'ImportDeclaration' }, scope: Scope, module: ModuleInfo): void {
  const specifier = statement.source.value;
  module.imports.add(specifier);
  for (const part of statement.specifiers) {
    const imported = part.type === 'ImportSpecifier' ? moduleName(part.imported) : part.type === 'ImportDefaultSpecifier' ? 'default' : '*';
    scope.bindings.set(part.local.name, { kind: 'import', specifier, imported });
  }
}

function declareExport(statement: Node, scope: Scope, module: ModuleInfo): void {
  if (statement.type === 'ExportAllDeclaration') {
    module.imports.add(statement.source.value);
    if (statement.exported === null) module.starExports.push(statement.source.value);
    else module.exports.set(moduleName(statement.exported), { specifier: statement.source.value, imported: '*' });
  } else if (statement.type === 'ExportDefaultDeclaration') {
    const { declaration } = statement;
    declareStatement(declaration as Node, scope, module);
    const named = (declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration') && declaration.id !== null;
    module.exports.set('default', { local: named ? (declaration.id as { name: string }).name : '__default' });
  } else if (statement.type === 'ExportNamedDeclaration') {
    if (statement.source !== null) module.imports.add(statement.source.value);
    for (const part of statement.specifiers) {
      const local = moduleName(part.local);
      module.exports.set(moduleName(part.exported), statement.source === null ? { local } : { specifier: statement.source.value, imported: local });
    }
    if (statement.declaration !== null) {
      const before = new Set(scope.bindings.keys());
      declareStatement(statement.declaration as Node, scope, module);
      for (const name of scope.bindings.keys()) if (!before.has(name)) module.exports.set(name, { local: name });
    }
  }
}
