/** The list of entities with everything around it; the whole state is in the address. */

import { replaceEqualDeep, useQueryClient } from '@tanstack/react-query';
import { Columns3, Download, Filter, RotateCw } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import { type ReactNode, useCallback, useMemo, useRef, useState } from 'react';
import { catalog } from '../api/catalog';
import { ApiError } from '../api/client';
import { stars, useKept } from '../app/kept';
import { MAY, useSeesNothing } from '../session/may';
import { useUser } from '../session/useSession';
import { Button } from '../ui/Button';
import { Menu, MenuCheck, MenuItem, MenuLine } from '../ui/Menu';
import { Page } from '../ui/Page';
import { CopyButton, formatCount, Notice } from '../ui/Small';
import { Denied, Empty } from '../ui/States';
import { COLUMNS, columnsOf, DEFAULT_COLUMNS, sortOf } from './columns';
import { EntityTable } from './EntityTable';
import { collect, download, type Format, MAX_EXPORT, toCsv } from './export';
import { FacetPanel } from './FacetPanel';
import { QueryBar } from './QueryBar';
import { type Asker, formatQuery, parseQuery, type Query, setTerm, toPredicate } from './query';
import type { Listing } from './rows';
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
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [total, setTotal] = useState<number>();
  const toggle = useCallback((ref: string) => {
    setSelected(old =>
      old.has(ref) ? new Set([...old].filter(other => other !== ref)) : new Set([...old, ref]),
    );
  }, []);
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
          {selected.size > 0 && (
            <Selection selected={selected} onClear={() => setSelected(new Set())} />
          )}
          {total === 0 && <NothingFound query={query} onQuery={setQuery} />}
          <EntityTable
            listing={listing}
            columns={columns}
            sort={sort}
            onSort={sortBy}
            selected={selected}
            onSelect={toggle}
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

interface ToolbarProps {
  total: number | undefined;
  listing: Listing;
  facets: ReactNode;
  columnIds: string[];
  onColumns: (ids: string[]) => void;
}

function Toolbar({ total, listing, facets, columnIds, onColumns }: ToolbarProps) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<Error>();
  const exportAs = async (format: Format) => {
    setBusy(true);
    setError(undefined);
    try {
      const entities = await collect(listing, format === 'json');
      if (format === 'csv')
        download('catalog.csv', 'text/csv', toCsv(entities, columnsOf(columnIds.join(','))));
      else download('catalog.json', 'application/json', JSON.stringify(entities, null, 2));
    } catch (cause) {
      setError(cause instanceof Error ? cause : new Error(String(cause)));
    } finally {
      setBusy(false);
    }
  };
  const tooMany = total !== undefined && total > MAX_EXPORT;
  return (
    <>
      <div className="toolbar">
        <span className="grow" role="status">
          {total !== undefined && `${formatCount(total)} ${total === 1 ? 'result' : 'results'}`}
        </span>
        <FacetDrawer>{facets}</FacetDrawer>
        <Menu
          trigger={
            <Button size="small">
              <Columns3 aria-hidden /> Columns
            </Button>
          }
        >
          {COLUMNS.filter(column => column.id !== 'name').map(({ id, title }) => (
            <MenuCheck
              key={id}
              checked={columnIds.includes(id)}
              onChange={on =>
                onColumns(on ? [...columnIds, id] : columnIds.filter(other => other !== id))
              }
            >
              {title}
            </MenuCheck>
          ))}
          <MenuLine />
          <MenuItem onSelect={() => onColumns(DEFAULT_COLUMNS)}>As it was</MenuItem>
        </Menu>
        <Menu
          trigger={
            <Button size="small" disabled={isBusy || !total}>
              <Download aria-hidden /> {isBusy ? 'Exporting…' : 'Export'}
            </Button>
          }
        >
          <MenuItem onSelect={() => void exportAs('csv')}>CSV, the columns shown</MenuItem>
          <MenuItem onSelect={() => void exportAs('json')}>JSON, whole entities</MenuItem>
          {tooMany && <div className="menu-item muted">The first {formatCount(MAX_EXPORT)}</div>}
        </Menu>
      </div>
      {error && <Notice tone="error">The export failed: {error.message}</Notice>}
    </>
  );
}

/** The filters on narrow screens. */
function FacetDrawer({ children }: { children: ReactNode }) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>
        <Button size="small" className="facet-button">
          <Filter aria-hidden /> Filters
        </Button>
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Overlay className="overlay" />
        <Radix.Content className="dialog" aria-describedby={undefined}>
          <div className="dialog-head">
            <Radix.Title>Filters</Radix.Title>
            <Radix.Close asChild>
              <Button size="small">Done</Button>
            </Radix.Close>
          </div>
          <div className="dialog-body">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** Why a refresh was refused, with what leads to it in the log. */
function reasonOf(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  if (error.isDenied) return `you need the permission ${MAY.refresh.name}`;
  return error.requestId ? `${error.message} (request ${error.requestId})` : error.message;
}

function Selection({ selected, onClear }: { selected: ReadonlySet<string>; onClear: () => void }) {
  const client = useQueryClient();
  const [outcome, setOutcome] = useState<string>();
  const refresh = async () => {
    const refs = [...selected];
    const results = await Promise.allSettled(refs.map(catalog.refresh));
    const failed = results.filter(result => result.status === 'rejected');
    // Mostly they are all refused for the same reason.
    const reasons = new Set(failed.map(({ reason }) => reasonOf(reason)));
    setOutcome(
      failed.length > 0
        ? `${failed.length} of ${refs.length} could not be refreshed: ${[...reasons].join('; ')}`
        : `${refs.length} will be read again`,
    );
    await client.invalidateQueries({ queryKey: ['rows'] });
  };
  return (
    <div className="selection" role="status">
      <span className="grow">
        {selected.size} selected{outcome && ` · ${outcome}`}
      </span>
      <Button size="small" onClick={refresh}>
        <RotateCw aria-hidden /> Refresh
      </Button>
      <CopyButton text={[...selected].join('\n')} label="Copy references" />
      <Button size="small" variant="quiet" onClick={onClear}>
        Clear
      </Button>
    </div>
  );
}

function NothingFound({ query, onQuery }: { query: Query; onQuery: (query: Query) => void }) {
  const isDenied = useSeesNothing();
  const last = query.terms.at(-1);
  if (isDenied) return <Denied needs={MAY.readEntity} />;
  return (
    <Empty
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
    </Empty>
  );
}
