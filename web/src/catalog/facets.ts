/** Counts beside each filter: as if that filter were not set, so that one can see what else there is. */

import { keepPreviousData, useQueries } from '@tanstack/react-query';
import { catalog, type FacetValue, first } from '../api/catalog';
import { type Asker, KEYS, type Query, toPredicate } from './query';

export const FACETS = ['kind', 'type', 'lifecycle', 'owner', 'tag', 'namespace'];

interface Request {
  keys: string[];
  without?: string;
}

/** One request for all facets without a filter of their own, and one for each other. */
export function requestsFor(query: Query): Request[] {
  const used = FACETS.filter(key => query.terms.some(term => term.key === key));
  const free = FACETS.filter(key => !used.includes(key));
  const own = used.map(key => ({ keys: [key], without: key }));
  return free.length > 0 ? [{ keys: free }, ...own] : own;
}

export interface Facets {
  /** Values of each facet; absent while unknown. Counts do not see the text of the query. */
  values: Record<string, FacetValue[] | undefined>;
  error: Error | null;
  retry: () => void;
}

export function useFacets(query: Query, asker: Asker): Facets {
  const requests = requestsFor(query);
  const answers = useQueries({
    queries: requests.map(({ keys, without }) => {
      const predicate = toPredicate(query, asker, without);
      const fields = keys.map(key => KEYS[key]?.field ?? key);
      return {
        queryKey: ['facets', fields, predicate],
        queryFn: ({ signal }: { signal: AbortSignal }) => catalog.facets(fields, predicate, signal),
        initialData: () => first.facets(fields, predicate),
        placeholderData: keepPreviousData,
        staleTime: 10_000,
      };
    }),
  });
  const values: Facets['values'] = {};
  requests.forEach(({ keys }, at) => {
    for (const key of keys) values[key] = answers[at]?.data?.[KEYS[key]?.field ?? key];
  });
  const failed = answers.filter(answer => answer.error);
  return {
    values,
    error: failed[0]?.error ?? null,
    retry: () => void Promise.all(failed.map(answer => answer.refetch())),
  };
}
