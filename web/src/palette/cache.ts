/** Names of entities this browser has seen, so that they are found at once and without a network. */

import type { Entity } from '../api/entity';
import { refTextOf, specText, titleOf } from '../api/entity';

const KEY = 'callboard.names';
const LIMIT = 2000;

interface Name {
  kind: string;
  namespace?: string;
  name: string;
  title?: string;
  type?: string;
}

let names: Map<string, Entity> | null = null;

function read(): Map<string, Entity> {
  try {
    const list = JSON.parse(localStorage.getItem(KEY) ?? '[]') as Name[];
    return new Map(list.map(entityOf).map(entity => [refTextOf(entity), entity]));
  } catch {
    return new Map();
  }
}

function entityOf({ kind, namespace, name, title, type }: Name): Entity {
  return { apiVersion: '', kind, metadata: { namespace, name, title }, spec: type ? { type } : {} };
}

export function indexed(): Entity[] {
  names ??= read();
  return [...names.values()];
}

/** Remembers names, the newest longest. */
export function learn(entities: Entity[]): void {
  names ??= read();
  for (const entity of entities) {
    const ref = refTextOf(entity);
    names.delete(ref);
    const title = titleOf(entity);
    const { namespace, name } = entity.metadata;
    const type = specText(entity, 'type');
    names.set(
      ref,
      entityOf({
        kind: entity.kind,
        namespace,
        name,
        title: title === name ? undefined : title,
        type,
      }),
    );
  }
  names = new Map([...names].slice(-LIMIT));
  const list = [...names.values()].map(({ kind, metadata, spec }) => ({
    kind,
    ...metadata,
    ...spec,
  }));
  localStorage.setItem(KEY, JSON.stringify(list));
}
