/** Groups by their parents. */

import { type Entity, formatRef, parseRef, refOf, refTextOf, specText } from '../api/entity';

export interface GroupNode {
  entity: Entity;
  children: GroupNode[];
}

/** The groups without a parent, each with what is below it; who is in a circle is shown at the top. */
export function treeOf(groups: Entity[]): GroupNode[] {
  const nodes = new Map(
    groups.map(entity => [refTextOf(entity), { entity, children: [] as GroupNode[] }]),
  );
  const parents = new Map<string, string>();
  for (const [ref, { entity }] of nodes) {
    const parent = parentOf(entity);
    if (parent && nodes.has(parent)) parents.set(ref, parent);
  }
  const roots: GroupNode[] = [];
  for (const [ref, node] of nodes) {
    const parent = parents.get(ref);
    if (parent && !isCircle(ref, parents)) nodes.get(parent)?.children.push(node);
    else roots.push(node);
  }
  return roots;
}

function parentOf(entity: Entity): string | undefined {
  const text = specText(entity, 'parent');
  if (!text) return undefined;
  const ref = parseRef(text, 'group');
  return formatRef(text.includes('/') ? ref : { ...ref, namespace: refOf(entity).namespace });
}

function isCircle(start: string, parents: Map<string, string>): boolean {
  const seen = new Set([start]);
  for (let at = parents.get(start); at; at = parents.get(at)) {
    if (at === start) return true;
    if (seen.has(at)) return false;
    seen.add(at);
  }
  return false;
}

/** A group and everything below it. */
export function withDescendants(ref: string, groups: Entity[]): string[] {
  const found = new Set([ref]);
  const children = new Map<string, string[]>();
  for (const group of groups) {
    const parent = parentOf(group);
    if (parent) children.set(parent, [...(children.get(parent) ?? []), refTextOf(group)]);
  }
  for (const at of found) for (const child of children.get(at) ?? []) found.add(child);
  return [...found];
}
