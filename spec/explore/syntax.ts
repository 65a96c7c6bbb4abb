import { bare, type Node } from './source.ts';

export const isName = (property: Node): boolean => property.type === 'Literal' && typeof property.value === 'string';

/** `a[b]`, but not `a['name']`. */
export type Element = Node & { type: 'MemberExpression' };
export const isElement = (node: Node): node is Element => node.type === 'MemberExpression' && node.computed && !isName(node.property);

export function methodName(callee: Node & { type: 'MemberExpression' }): string {
  return callee.property.type === 'PrivateIdentifier' ? `#${callee.property.name}` : (callee.property as { name: string }).name;
}

/** `a` of `a.b[c].d`. */
export function rootName(node: Node): string | undefined {
  const inner = bare(node);
  if (inner.type === 'Identifier') return inner.name;
  return inner.type === 'MemberExpression' ? rootName(inner.object) : undefined;
}

/** A callee that is a member of `Atomics`, unless that name is bound to something else. */
export function ofAtomics(callee: Node, isBound: (name: string) => boolean): (Node & { type: 'MemberExpression' }) | undefined {
  if (callee.type !== 'MemberExpression') return undefined;
  const object = bare(callee.object);
  return object.type === 'Identifier' && object.name === 'Atomics' && !isBound('Atomics') ? callee : undefined;
}

/** Methods of a typed array that read or write its elements where no access would be seen. */
export const viewMethods = new Set([
  'at', 'copyWithin', 'entries', 'every', 'fill', 'filter', 'find', 'findIndex', 'findLast', 'findLastIndex', 'forEach', 'includes', 'indexOf', 'join',
  'lastIndexOf', 'map', 'reduce', 'reduceRight', 'reverse', 'set', 'slice', 'some', 'sort', 'toReversed', 'toSorted', 'values', 'with',
]);

/** Whether the node has an optional link further inside, so that it stands in a chain that may be cut short. */
export function isInChain(node: Node): boolean {
  if (node.type === 'CallExpression') return node.optional || isInChain(node.callee);
  if (node.type === 'MemberExpression') return node.optional || isInChain(node.object);
  return false;
}
