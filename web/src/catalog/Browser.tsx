/** The list of entities with everything around it; the whole state is in the address. */

import { replaceEqualDeep } from '@tanstack/react-query';
import { type ReactNode, useDeferredValue, useMemo, useRef, useState } from 'react';
import { stars, useKept } from '../app/kept';
import { EmptyOrDenied } from '../session/EmptyOrDenied';
import { useUser } from '../session/useSession';
import { Button } from '../ui/Button';
import { Page } from '../ui/Page';
import { columnsOf, DEFAULT_COLUMNS, sortOf } from './columns';
import { EntityTable } from './EntityTable';
import { FacetPanel } from './FacetPanel';
import { QueryBar } from './QueryBar';
import { type Asker, formatQuery, parseQuery, type Query, setTerm, toPredicate } from './query';
import type { Listing } from './rows';
import { SelectionBar } from './SelectionBar';
import { useSelection } from './selection';
import { Toolbar } from './Toolbar';
import './catalog.css';

export interface BrowserSearch {
  q?: string;
  sort?: string;
  cols?: string;
}

interface BrowserProps {
  title: string;
  search: BrowserSearch;
  onSearch: (search: BrowserSearch, replace: boolean) => void;
  /** The query without a `q` in the address. */
  defaultQuery: string;
  /** A filter that belongs to the page and is not shown. */
  fixed?: { key: string; value: string };
  actions?: ReactNode;
}

export function Browser({ title, search, onSearch, defaultQuery, fixed, actions }: BrowserProps) {
  const asker = useAsker();
  const text = search.q ?? defaultQuery;
  const query = useMemo(() => parseQuery(text), [text]);
  const sort = useMemo(() => sortOf(search.sort), [search.sort]);
  const columns = useMemo(() => columnsOf(search.cols), [search.cols]);
  const whole = useMemo(
    () => (fixed ? setTerm(query, fixed.key, fixed.value) : query),
    [query, fixed],
  );
  const listing: Listing = useSame({
    predicate: toPredicate(whole, asker),
    text: query.text,
    sort,
  });
  // A filter shows that it was chosen before its rows are made.
  const later = useDeferredValue(listing);
  const selection = useSelection(title);
  const [total, setTotal] = useState<number>();
  const setQuery = (next: Query) => onSearch({ ...search, q: formatQuery(next) }, false);
  const facets = (
    <FacetPanel
      query={whole}
      asker={asker}
      onChange={next => setQuery(fixed ? setTerm(next, fixed.key) : next)}
      without={fixed && [fixed.key]}
    />
  );
  const sortBy = (id: string) => {
    const isSame = id === sort.id && sort.order === 'asc';
    onSearch({ ...search, sort: isSame ? `-${id}` : id }, false);
  };
  return (
    <Page title={title} actions={actions}>
      <div className="browser">
        <aside className="browser-facets" aria-label="Filters">
          {facets}
        </aside>
        <div className="browser-main">
          <QueryBar
            value={text}
            query={query}
            asker={asker}
            onChange={q => onSearch({ ...search, q }, true)}
            onQuery={setQuery}
          />
          <Toolbar
            total={total}
            listing={listing}
            facets={facets}
            columnIds={columns.map(column => column.id)}
            onColumns={ids => onSearch({ ...search, cols: columnText(ids) }, true)}
          />
          {selection.selected.size > 0 && (
            <SelectionBar selected={selection.selected} onClear={selection.clear} />
          )}
          {total === 0 && <NothingFound query={query} onQuery={setQuery} />}
          <EntityTable
            listing={later}
            columns={columns}
            sort={sort}
            onSort={sortBy}
            selection={selection}
            onTotal={setTotal}
          />
        </div>
      </div>
    </Page>
  );
}

/** The same object until something in it changes: a star given in a list does not begin it anew. */
function useSame<T>(next: T): T {
  const kept = useRef(next);
  kept.current = replaceEqualDeep(kept.current, next);
  return kept.current;
}

function columnText(ids: string[]): string | undefined {
  const isDefault =
    ids.length === DEFAULT_COLUMNS.length && ids.every(id => DEFAULT_COLUMNS.includes(id));
  return isDefault ? undefined : ids.join(',');
}

/** Who asks, the same object while nothing changes. */
export function useAsker(): Asker {
  const user = useUser();
  const starred = useKept(stars);
  return useMemo(
    () => ({
      userRef: user.userEntityRef,
      ownershipRefs: user.ownershipEntityRefs,
      stars: starred,
    }),
    [user, starred],
  );
}

function NothingFound({ query, onQuery }: { query: Query; onQuery: (query: Query) => void }) {
  const last = query.terms.at(-1);
  return (
    <EmptyOrDenied
      title="Nothing fits this filter"
      actions={
        <>
          {last && (
            <Button onClick={() => onQuery({ ...query, terms: query.terms.slice(0, -1) })}>
              Remove the last filter
            </Button>
          )}
          <Button onClick={() => onQuery({ terms: [], text: '' })}>Show everything</Button>
        </>
      }
    >
      Entities come from files that locations lead to; what was just registered takes a moment.
    </EmptyOrDenied>
  );
}
