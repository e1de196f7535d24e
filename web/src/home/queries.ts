/** What the first page asks for; the page brings the answers along (`first-data.json`). */

import { queryOptions } from '@tanstack/react-query';
import { catalog, type EntityQuery, first, type Predicate } from '../api/catalog';

const SHOWN = 10;
/** Kinds that should have an owner. */
const OWNED_KINDS = ['Component', 'API', 'System', 'Resource'];

export const ownedRequest = (ownershipEntityRefs: readonly string[]): EntityQuery => ({
  query: {
    $all: [{ 'relations.ownedBy': { $in: ownershipEntityRefs } }, { kind: { $in: OWNED_KINDS } }],
  },
  limit: SHOWN,
  orderBy: [
    { field: 'kind', order: 'desc' },
    { field: 'metadata.name', order: 'asc' },
  ],
  fields: [
    'kind',
    'metadata.name',
    'metadata.namespace',
    'metadata.title',
    'metadata.description',
    'spec.type',
    'spec.lifecycle',
    'spec.profile',
  ],
});

/** What the user and their groups own, the first of it. */
export const ownedQuery = (ownershipEntityRefs: readonly string[]) =>
  queryOptions({
    queryKey: ['mine', ownershipEntityRefs],
    queryFn: ({ signal }) => catalog.query(ownedRequest(ownershipEntityRefs), signal),
    initialData: () => first.query(ownedRequest(ownershipEntityRefs)),
  });

/** Counts of what is wrong, by what it is. */
export const COUNTED: Record<'orphans' | 'unowned', EntityQuery> = {
  orphans: counting({ 'metadata.annotations.backstage.io/orphan': 'true' }),
  unowned: counting({
    $all: [{ kind: { $in: OWNED_KINDS } }, { $not: { 'relations.ownedBy': { $exists: true } } }],
  }),
};

function counting(query: Predicate): EntityQuery {
  return { query, limit: 0 };
}

export const countQuery = (what: keyof typeof COUNTED) =>
  queryOptions({
    queryKey: ['attention', what],
    queryFn: () => catalog.query(COUNTED[what]).then(page => page.totalItems),
    initialData: () => first.query(COUNTED[what])?.totalItems,
  });

// Who may not see faults of the catalog is not shown any.
export const errorsQuery = queryOptions({
  queryKey: ['errors'],
  queryFn: catalog.errors,
  initialData: first.errors,
  retry: false,
});

export const heldQuery = queryOptions({
  queryKey: ['held'],
  queryFn: catalog.held,
  initialData: first.held,
  retry: false,
});

export const conflictsQuery = queryOptions({
  queryKey: ['conflicts'],
  queryFn: catalog.conflicts,
  initialData: first.conflicts,
  retry: false,
});
