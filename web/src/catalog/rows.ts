/**
 * The rows of a table over any number of entities: blocks are loaded where the reader is.
 *
 * Sorting by a field that some entities lack leaves those out, as in Backstage; they are fetched by a
 * second query and follow the others, so that the count stays true.
 */

import { keepPreviousData, type QueryClient, useQueries, useQuery } from '@tanstack/react-query';
import { useMemo, useRef } from 'react';
import {
  first as brought,
  catalog,
  type EntityPage,
  type EntityQuery,
  type Predicate,
} from '../api/catalog';
import type { Entity } from '../api/entity';
import { TEXT_FIELDS } from './query';

export interface Sort {
  field: string;
  order: 'asc' | 'desc';
}

export interface Listing {
  predicate?: Predicate;
  text: string;
  sort: Sort;
}

export const BLOCK = 100;

const ROW_FIELDS = [
  'apiVersion',
  'kind',
  'metadata.name',
  'metadata.namespace',
  'metadata.title',
  'metadata.description',
  'metadata.tags',
  'metadata.uid',
  'spec.type',
  'spec.lifecycle',
  'spec.owner',
  'spec.system',
  'spec.domain',
  'spec.profile',
];

/** Fields that every entity has. */
const ALWAYS_THERE = ['kind', 'metadata.name', 'metadata.namespace'];

/** The request for a part of a listing. */
export function blockQuery(listing: Listing, offset: number, limit = BLOCK): EntityQuery {
  const { field, order } = listing.sort;
  const orderBy = [{ field, order }];
  return {
    query: listing.predicate,
    limit,
    offset: offset || undefined,
    orderBy:
      field === 'metadata.name' ? orderBy : [...orderBy, { field: 'metadata.name', order: 'asc' }],
    fullTextFilter: listing.text ? { term: listing.text, fields: TEXT_FIELDS } : undefined,
    fields: ROW_FIELDS,
  };
}

/** The entities that a sort leaves out; `null` when it leaves out none. */
export function withoutValue(listing: Listing): Listing | null {
  const { field } = listing.sort;
  if (ALWAYS_THERE.includes(field)) return null;
  const missing = { $not: { [field]: { $exists: true } } };
  const predicate = listing.predicate ? { $all: [listing.predicate, missing] } : missing;
  return { ...listing, predicate, sort: { field: 'metadata.name', order: 'asc' } };
}

function pageOptions(query: EntityQuery) {
  return {
    queryKey: ['rows', query],
    queryFn: ({ signal }: { signal: AbortSignal }) => catalog.query(query, signal),
    initialData: () => brought.query(query),
    staleTime: 10_000,
  };
}

export interface Rows {
  /** `undefined` until the first answer. */
  total: number | undefined;
  /** The entity of a row, once it is loaded. */
  at: (index: number) => Entity | undefined;
  isStale: boolean;
  error: Error | null;
  /** Whether there is nothing to show because of the error. */
  isBroken: boolean;
  retry: () => void;
}

/** Rows of a listing; blocks from `first` to `last` (rows) are loaded. */
export function useRows(listing: Listing, first: number, last: number): Rows {
  const rest = withoutValue(listing);
  const head = useQuery({
    ...pageOptions(blockQuery(listing, 0)),
    placeholderData: keepPreviousData,
  });
  const tail = useQuery({
    ...pageOptions({ ...blockQuery(rest ?? listing, 0), limit: 0 }),
    enabled: rest !== null,
    placeholderData: keepPreviousData,
  });
  const sorted = head.data?.totalItems ?? 0;
  // Counts of two listings must not be added up: while one is old, the whole is that of before.
  const settled = useRef<number>(undefined);
  if (head.data && !head.isPlaceholderData) {
    if (rest === null) settled.current = sorted;
    else if (tail.data && !tail.isPlaceholderData) settled.current = sorted + tail.data.totalItems;
  }
  const total = settled.current;
  const requests = useMemo(
    () => blocks(listing, sorted, first, last),
    [listing, sorted, first, last],
  );
  const loaded = useQueries({ queries: requests.map(({ query }) => pageOptions(query)) });
  const at = (index: number) => {
    const early = index < sorted ? head.data?.items[index] : undefined;
    if (early) return early;
    const found = requests.findIndex(({ start, n }) => index >= start && index < start + n);
    const request = requests[found];
    return request && (loaded[found]?.data as EntityPage | undefined)?.items[index - request.start];
  };
  return {
    total,
    at,
    isStale: head.isPlaceholderData,
    error: head.error ?? tail.error ?? loaded.find(block => block.error)?.error ?? null,
    isBroken:
      (head.error !== null && !head.data) || (rest !== null && tail.error !== null && !tail.data),
    retry: () => {
      for (const query of [head, ...(rest ? [tail] : []), ...loaded])
        if (query.error) void query.refetch();
    },
  };
}

/** So many entities can be selected at once: each is a request when something is done with them. */
export const MAX_SELECTED = 1000;

/** The entities of a range of rows, also of those that nobody has looked at yet. */
export async function loadRows(
  client: QueryClient,
  listing: Listing,
  first: number,
  last: number,
): Promise<Entity[]> {
  const head = await client.fetchQuery(pageOptions(blockQuery(listing, 0)));
  const rows: Entity[] = head.items.slice(first, last + 1);
  const parts = blocks(listing, head.totalItems, first, last);
  const pages = await Promise.all(parts.map(({ query }) => client.fetchQuery(pageOptions(query))));
  parts.forEach(({ start, n }, at) => {
    const items = pages[at]?.items.slice(0, n) ?? [];
    rows.push(...items.slice(Math.max(0, first - start), Math.max(0, last + 1 - start)));
  });
  return rows;
}

interface Block {
  /** The row of its first entity. */
  start: number;
  n: number;
  query: EntityQuery;
}

/** The requests for a range of rows, where `sorted` rows have a value to sort by. */
export function blocks(listing: Listing, sorted: number, first: number, last: number): Block[] {
  const rest = withoutValue(listing);
  const found: Block[] = [];
  const add = (part: Listing, base: number, from: number, to: number) => {
    for (let at = Math.floor(from / BLOCK) * BLOCK; at <= to; at += BLOCK) {
      found.push({ start: base + at, n: BLOCK, query: blockQuery(part, at) });
    }
  };
  const lastSorted = Math.min(last, sorted - 1);
  // The first block comes with the count.
  if (lastSorted >= BLOCK) add(listing, 0, Math.max(first, BLOCK), lastSorted);
  if (rest && last >= sorted) add(rest, sorted, Math.max(0, first - sorted), last - sorted);
  return found.map(block => ({
    ...block,
    n: block.start < sorted ? Math.min(BLOCK, sorted - block.start) : BLOCK,
  }));
}
