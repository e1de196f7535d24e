/** Ancestors in the order in which they were read. */

import { type Entity, refTextOf } from '../api/entity';

export interface Ancestor {
  entity: Entity;
  parentEntityRefs: string[];
}

export interface Link {
  entity: Entity;
  depth: number;
}

/** From the first location down to the entity; each ancestor once, below the last of its parents. */
export function chainOf(ref: string, ancestors: Ancestor[]): Link[] {
  const known = new Map(ancestors.map(item => [refTextOf(item.entity), item]));
  const links = new Map<string, Link>();
  const visit = (at: string, seen: readonly string[]): number => {
    const item = known.get(at);
    if (!item || seen.includes(at)) return -1;
    const found = links.get(at);
    if (found) return found.depth;
    const above = item.parentEntityRefs.map(parent => visit(parent, [...seen, at]));
    const depth = Math.max(-1, ...above) + 1;
    links.set(at, { entity: item.entity, depth });
    return depth;
  };
  visit(ref, []);
  return [...links.values()].sort((a, b) => a.depth - b.depth);
}
