/** Names of entities this browser has seen, so that they are found at once and without a network. */

import { catalog } from '../api/catalog';
import { type Entity, refTextOf, specText, titleOf } from '../api/entity';
import { NAMES } from '../app/kept';
import { session } from '../session/session';

const LIMIT = 2000;
/** A catalog changes; names that are gone lead to similar ones. */
const FRESH_MS = 60 * 60_000;

interface Name {
  kind: string;
  namespace?: string;
  name: string;
  title?: string;
  type?: string;
}

/** What this browser knows for one user. */
interface Kept {
  user: string;
  /** When the index was filled. */
  at: number;
  names: Name[];
}

let known: { user: string; at: number; names: Map<string, Entity> } | null = null;

function user(): string {
  const state = session.get();
  return state.status === 'signed-in' ? state.user.userEntityRef : '';
}

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(NAMES) ?? 'null') as Kept | null;
    // What somebody else may see is not shown to this user.
    if (kept?.user === user())
      return { ...kept, names: new Map(kept.names.map(entityOf).map(it => [refTextOf(it), it])) };
  } catch {
    // It is made anew.
  }
  return { user: user(), at: 0, names: new Map<string, Entity>() };
}

function current() {
  if (known?.user !== user()) known = read();
  return known;
}

function entityOf({ kind, namespace, name, title, type }: Name): Entity {
  return { apiVersion: '', kind, metadata: { namespace, name, title }, spec: type ? { type } : {} };
}

function nameOf(entity: Entity): Name {
  const { namespace, name } = entity.metadata;
  const title = titleOf(entity);
  const type = specText(entity, 'type');
  return { kind: entity.kind, namespace, name, title: title === name ? undefined : title, type };
}

function keep(names: [string, Entity][], at: number): void {
  const kept = names.slice(-LIMIT);
  known = { user: user(), at, names: new Map(kept) };
  const text = JSON.stringify({ user: known.user, at, names: kept.map(([, it]) => nameOf(it)) });
  try {
    localStorage.setItem(NAMES, text);
  } catch {
    // A browser that keeps nothing: the names of this tab have to do.
  }
}

const entry = (entity: Entity): [string, Entity] => [refTextOf(entity), entityOf(nameOf(entity))];

/** By reference; another map after each change. */
export function indexed(): ReadonlyMap<string, Entity> {
  return current().names;
}

/** Remembers names, the newest longest. */
export function learn(entities: Entity[]): void {
  const { names, at } = current();
  const news = new Map(entities.map(entry));
  keep([...[...names].filter(([ref]) => !news.has(ref)), ...news], at);
}

/** Names of the catalog that nobody looked for yet; what was looked for stays longer. */
export function fill(entities: Entity[], at = Date.now()): void {
  const { names } = current();
  const others = entities.map(entry).filter(([ref]) => !names.has(ref));
  const room = Math.max(0, LIMIT - names.size);
  keep([...others.slice(0, room), ...names], at);
}

/** Whether the index is to be filled again. */
export function isOld(now = Date.now()): boolean {
  return now - current().at > FRESH_MS;
}

/** What a name is made of. */
export const NAME_FIELDS = [
  'kind',
  'metadata.name',
  'metadata.namespace',
  'metadata.title',
  'spec.type',
  'spec.profile.displayName',
];

/** Fills the index, so that names are found at once and without a network. */
export async function fillIndex(): Promise<void> {
  if (!isOld()) return;
  fill(await catalog.list(LIMIT, NAME_FIELDS));
}
