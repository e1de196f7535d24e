/** Queries that several features share, so that they share answers too. */

import { queryOptions } from '@tanstack/react-query';
import { catalog, first } from './catalog';
import { type Entity, type EntityRef, formatRef, parseRef } from './entity';

export function entityQuery(ref: EntityRef) {
  return queryOptions({
    queryKey: ['entity', formatRef(ref)],
    queryFn: ({ signal }) => catalog.entity(ref, signal),
    initialData: () => first.entity(ref),
  });
}

/** What is needed to name an entity and to tell it from others. */
const SUMMARY_FIELDS = [
  'kind',
  'metadata.name',
  'metadata.namespace',
  'metadata.title',
  'metadata.description',
  'spec.type',
  'spec.lifecycle',
  'spec.profile',
  'relations',
  'status',
];
/** The most references of one request. */
const MAX_BATCH = 500;

interface Waiting {
  resolve: (entity: Entity | null) => void;
  reject: (error: unknown) => void;
}

const waiting = new Map<string, Waiting[]>();

/** Everything asked for in the same turn becomes one request. */
function loadSummary(ref: string): Promise<Entity | null> {
  return new Promise((resolve, reject) => {
    if (waiting.size === 0) setTimeout(flush, 0);
    const others = waiting.get(ref) ?? [];
    waiting.set(ref, [...others, { resolve, reject }]);
  });
}

function flush(): void {
  const all = [...waiting];
  waiting.clear();
  for (let at = 0; at < all.length; at += MAX_BATCH) void answer(all.slice(at, at + MAX_BATCH));
}

async function answer(batch: [string, Waiting[]][]): Promise<void> {
  try {
    const items = await catalog.entities(
      batch.map(([ref]) => ref),
      SUMMARY_FIELDS,
    );
    batch.forEach(([, waiters], at) => {
      for (const { resolve } of waiters) resolve(items[at] ?? null);
    });
  } catch (error) {
    for (const [, waiters] of batch) for (const { reject } of waiters) reject(error);
  }
}

/** Name, description and kind of an entity; `null` when there is none that the user may see. */
export function summaryQuery(ref: string) {
  const key = formatRef(parseRef(ref));
  return queryOptions({
    queryKey: ['summary', key],
    queryFn: () => loadSummary(key),
    staleTime: 60_000,
  });
}

/** Groups of a large organization; who shows them says when there are more. */
export const MAX_GROUPS = 5000;

/** All groups with their parents. */
export const groupsQuery = queryOptions({
  queryKey: ['groups'],
  queryFn: ({ signal }) =>
    catalog.query(
      {
        query: { kind: 'group' },
        limit: MAX_GROUPS,
        orderBy: [{ field: 'metadata.name', order: 'asc' }],
        fields: [
          'kind',
          'metadata.name',
          'metadata.namespace',
          'metadata.title',
          'metadata.description',
          'spec.type',
          'spec.profile',
          'spec.parent',
        ],
      },
      signal,
    ),
  staleTime: 60_000,
});

/** Counts of the whole catalog by kind. */
export const kindsQuery = queryOptions({
  queryKey: ['kinds'],
  queryFn: ({ signal }) => catalog.facets(['kind'], undefined, signal).then(all => all.kind ?? []),
  initialData: () => first.facets(['kind'])?.kind,
});
