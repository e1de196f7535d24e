/** The calls of the catalog, and what they answer. */

import { brought, request } from './client';
import type { Entity, EntityRef } from './entity';

/** A predicate over fields of entities, as `by-query` takes it. */
export type Predicate = { [key: string]: unknown };

export interface EntityQuery {
  query?: Predicate;
  limit?: number;
  offset?: number;
  cursor?: string;
  orderBy?: { field: string; order: 'asc' | 'desc' }[];
  fullTextFilter?: { term: string; fields: string[] };
  fields?: string[];
  totalItems?: 'include' | 'exclude';
}

export interface EntityPage {
  items: Entity[];
  totalItems: number;
  pageInfo: { nextCursor?: string; prevCursor?: string };
}

export interface FacetValue {
  value: string;
  count: number;
}

export interface Location {
  id: string;
  type: string;
  target: string;
}

export interface Problem {
  severity: string;
  code: string;
  message: string;
  path?: string;
  file?: string;
  position?: { line: number; column: number };
  hint?: string;
}

export interface IngestionError {
  entityRef: string;
  location?: string;
  hasLastGood: boolean;
  problems: Problem[];
}

export interface Conflict {
  entityRef: string;
  existingLocationKey?: string;
  conflictingLocationKey?: string;
  conflictingSource?: string;
  firstConflictAt: number;
  lastConflictAt: number;
}

export interface HeldDeletion {
  provider: string;
  entitiesBefore: number;
  entitiesRemoved: number;
  sample: string[];
  approved: boolean;
  heldAt: number;
}

/** In milliseconds. */
export interface Times {
  discoveredAt: number;
  changedAt: number;
  nextLookAt: number | null;
}

/** An entity that may be one that went, by another name. */
export interface Successor {
  entityRef: string;
  /** It came when the other one went. */
  cameThen: boolean;
  /** What both have in common. */
  alike: ('kind' | 'name' | 'title' | 'description' | 'spec')[];
}

/** What became of an entity that is no more, as far as the portal knows. */
export interface Former {
  /** In milliseconds. */
  removedAt: number | null;
  items: Successor[];
}

const BASE = '/api/catalog';

function path(ref: EntityRef): string {
  return [ref.kind, ref.namespace, ref.name].map(encodeURIComponent).join('/');
}

const QUERY = `${BASE}/entities/by-query`;
const FACETS = `${BASE}/entity-facets`;
const ERRORS = `${BASE}/ingestion/errors`;
const CONFLICTS = `${BASE}/ingestion/conflicts`;
const HELD = `${BASE}/ingestion/held`;
type Facets = { facets: Record<string, FacetValue[]> };

/** Answers that came with the page, for the queries that pages begin with. */
export const first = {
  query: (body: EntityQuery) => brought<EntityPage>(QUERY, { method: 'POST', body }),

  facets: (facets: string[], query?: Predicate) =>
    brought<Facets>(FACETS, { method: 'POST', body: { facets, query } })?.facets,

  entity: (ref: EntityRef) => brought<Entity>(`${BASE}/entities/by-name/${path(ref)}`),

  errors: () => brought<{ items: IngestionError[] }>(ERRORS)?.items,

  conflicts: () => brought<{ items: Conflict[] }>(CONFLICTS)?.items,

  held: () => brought<{ items: HeldDeletion[] }>(HELD)?.items,
};

export const catalog = {
  query: (body: EntityQuery, signal?: AbortSignal) =>
    request<EntityPage>(QUERY, { method: 'POST', body, signal }),

  /** Some entities, whichever come first. */
  list: (limit: number, fields: string[]) =>
    request<Entity[]>(`${BASE}/entities?limit=${limit}&fields=${fields.join(',')}`),

  facets: (facets: string[], query?: Predicate, signal?: AbortSignal) =>
    request<Facets>(FACETS, {
      method: 'POST',
      body: { facets, query },
      signal,
    }).then(answer => answer.facets),

  entity: (ref: EntityRef, signal?: AbortSignal) =>
    request<Entity>(`${BASE}/entities/by-name/${path(ref)}`, { signal }),

  entities: (entityRefs: string[], fields?: string[]) =>
    request<{ items: (Entity | null)[] }>(`${BASE}/entities/by-refs`, {
      method: 'POST',
      body: { entityRefs, fields },
    }).then(answer => answer.items),

  ancestry: (ref: EntityRef) =>
    request<{ items: { entity: Entity; parentEntityRefs: string[] }[] }>(
      `${BASE}/entities/by-name/${path(ref)}/ancestry`,
    ).then(answer => answer.items),

  times: (ref: EntityRef) => request<Times>(`${BASE}/entities/by-name/${path(ref)}/times`),

  former: (ref: EntityRef) => request<Former>(`${BASE}/entities/by-name/${path(ref)}/successors`),

  refresh: (entityRef: string) =>
    request<void>(`${BASE}/refresh`, { method: 'POST', body: { entityRef } }),

  deleteEntity: (uid: string) =>
    request<void>(`${BASE}/entities/by-uid/${encodeURIComponent(uid)}`, { method: 'DELETE' }),

  locations: () =>
    request<{ data: Location }[]>(`${BASE}/locations`).then(list => list.map(item => item.data)),

  locationOf: (ref: EntityRef) => request<Location>(`${BASE}/locations/by-entity/${path(ref)}`),

  tryLocation: (target: string) =>
    request<{ exists?: boolean; location: Location; entities: Entity[] }>(
      `${BASE}/locations?dryRun=true&problems=true`,
      { method: 'POST', body: { type: 'url', target } },
    ),

  register: (target: string) =>
    request<{ location: Location }>(`${BASE}/locations`, {
      method: 'POST',
      body: { type: 'url', target },
    }),

  /** As if it were registered; what is wrong is the error. Its owner and place do not matter. */
  validate: (entity: Entity) =>
    request<void>(`${BASE}/validate-entity`, {
      method: 'POST',
      body: { entity, location: 'url:https://github.com/unknown/unknown/catalog-info.yaml' },
    }),

  unregister: (id: string) =>
    request<void>(`${BASE}/locations/${encodeURIComponent(id)}`, { method: 'DELETE' }),

  errors: () => request<{ items: IngestionError[] }>(ERRORS).then(a => a.items),

  conflicts: () => request<{ items: Conflict[] }>(CONFLICTS).then(a => a.items),

  held: () => request<{ items: HeldDeletion[] }>(HELD).then(a => a.items),

  decideHeld: (provider: string, decision: 'approve' | 'reject') =>
    request<void>(`${BASE}/ingestion/held/${encodeURIComponent(provider)}/${decision}`, {
      method: 'POST',
    }),
};
