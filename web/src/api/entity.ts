/** Entities as the catalog serves them, and their references. */

export interface EntityLinkItem {
  url: string;
  title?: string;
  icon?: string;
  type?: string;
}

export interface EntityMeta {
  name: string;
  namespace?: string;
  uid?: string;
  etag?: string;
  title?: string;
  description?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  tags?: string[];
  links?: EntityLinkItem[];
}

export interface Relation {
  type: string;
  targetRef: string;
}

export interface StatusItem {
  type: string;
  level: 'info' | 'warning' | 'error';
  message: string;
  error?: { name?: string; message?: string };
}

export interface Entity {
  apiVersion: string;
  kind: string;
  metadata: EntityMeta;
  spec?: Record<string, unknown>;
  relations?: Relation[];
  status?: { items?: StatusItem[] };
}

export interface EntityRef {
  kind: string;
  namespace: string;
  name: string;
}

const DEFAULT_NAMESPACE = 'default';

/** Reads `[kind:][namespace/]name`. */
export function parseRef(text: string, defaultKind = 'component'): EntityRef {
  const colon = text.indexOf(':');
  const kind = colon > 0 ? text.slice(0, colon) : defaultKind;
  const rest = colon > 0 ? text.slice(colon + 1) : text;
  const slash = rest.indexOf('/');
  return {
    kind: kind.toLowerCase(),
    namespace: slash > 0 ? rest.slice(0, slash) : DEFAULT_NAMESPACE,
    name: slash > 0 ? rest.slice(slash + 1) : rest,
  };
}

/** The canonical text: lower case, nothing left out. */
export function formatRef(ref: EntityRef): string {
  return `${ref.kind}:${ref.namespace}/${ref.name}`.toLowerCase();
}

export function refOf(entity: Entity): EntityRef {
  return {
    kind: entity.kind.toLowerCase(),
    namespace: entity.metadata.namespace ?? DEFAULT_NAMESPACE,
    name: entity.metadata.name,
  };
}

export function refTextOf(entity: Entity): string {
  return formatRef(refOf(entity));
}

/** What people call a reference: as short as it can be without being mistaken. */
export function shortRef(ref: EntityRef): string {
  return ref.namespace === DEFAULT_NAMESPACE ? ref.name : `${ref.namespace}/${ref.name}`;
}

/** What people call an entity. */
export function titleOf(entity: Entity): string {
  const profile = entity.spec?.profile;
  if (isRecord(profile) && typeof profile.displayName === 'string') return profile.displayName;
  return entity.metadata.title ?? entity.metadata.name;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text of the spec, when it is one. */
export function specText(entity: Entity, key: string): string | undefined {
  const value = entity.spec?.[key];
  return typeof value === 'string' ? value : undefined;
}

export function relationsOf(entity: Entity, type: string, kind?: string): string[] {
  const found = (entity.relations ?? []).filter(relation => relation.type === type);
  const refs = found.map(relation => relation.targetRef);
  return kind ? refs.filter(ref => ref.startsWith(`${kind}:`)) : refs;
}

export const SOURCE_LOCATION = 'backstage.io/source-location';
export const EDIT_URL = 'backstage.io/edit-url';
export const VIEW_URL = 'backstage.io/view-url';
export const MANAGED_BY = 'backstage.io/managed-by-location';
export const ORIGIN = 'backstage.io/managed-by-origin-location';
export const ORPHAN = 'backstage.io/orphan';

export function annotation(entity: Entity, key: string): string | undefined {
  return entity.metadata.annotations?.[key];
}

/** The web address of a location annotation (`url:https://…`), if it has one. */
export function locationUrl(location: string | undefined): string | undefined {
  const url = location?.startsWith('url:') ? location.slice('url:'.length) : undefined;
  return url && isWebUrl(url) ? url : undefined;
}

/** Addresses that are safe to follow: what users wrote may begin with `javascript:`. */
export function isWebUrl(text: string): boolean {
  return /^(https?:\/\/|mailto:)/i.test(text);
}
