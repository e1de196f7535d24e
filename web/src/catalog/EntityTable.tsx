/** A table over any number of entities: only the rows in view exist. */

import { useNavigate } from '@tanstack/react-router';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { memo, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { type Entity, refOf, refTextOf, titleOf } from '../api/entity';
import { toggleStar } from '../app/stars';
import { useKeys } from '../keys/keys';
import { Button } from '../ui/Button';
import { Notice, Skeleton } from '../ui/Small';
import { ErrorState, useLasting } from '../ui/States';
import { ColumnEdge } from './ColumnEdge';
import type { Column } from './columns';
import { type Listing, type Rows, useRows } from './rows';
import { SelectAll, type SelectRow, useRange } from './SelectAll';
import type { Selected, Selection } from './selection';
import { templateOf, useWidths } from './widths';

interface EntityTableProps {
  listing: Listing;
  columns: Column[];
  sort: { id: string; order: 'asc' | 'desc' };
  onSort: (id: string) => void;
  selection: Selection;
  onTotal: (total: number | undefined) => void;
}

/** Rows beyond the window that are there already. */
const OVERSCAN = 12;
/** Rows of the skeleton before anything is known. */
const EXPECTED = 12;

export function EntityTable(props: EntityTableProps) {
  const { listing, columns, selection, onTotal } = props;
  const body = useRef<HTMLDivElement>(null);
  const [range, setRange] = useState({ first: 0, last: 0 });
  const rows = useRows(listing, range.first, range.last);
  const total = rows.total ?? EXPECTED;
  const virtual = useVirtual(body, total);
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => setRange({ first, last }), [first, last]);
  useEffect(() => onTotal(rows.total), [rows.total, onTotal]);
  const [active, setActive] = useState(-1);
  useFocusOn(body, active);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another listing begins at its top
  useEffect(() => setActive(-1), [listing]);
  const select = useRange(listing, selection);
  useRowKeys({
    rows,
    active,
    setActive,
    onSelect: select,
    scrollTo: index => virtual.scrollToIndex(index),
  });
  const [widths, setWidth] = useWidths();
  const isStale = useLasting(rows.isStale);
  if (rows.error && rows.isBroken) return <ErrorState error={rows.error} onRetry={rows.retry} />;
  return (
    <>
      {rows.error && (
        <Notice tone="error">
          Some of this could not be loaded: {rows.error.message}{' '}
          <Button size="small" onClick={rows.retry}>
            Try again
          </Button>
        </Notice>
      )}
      {/* biome-ignore lint/a11y/useSemanticElements: rows that are not there cannot be a table element */}
      <div
        role="table"
        aria-label="Entities"
        aria-rowcount={rows.total === undefined ? -1 : rows.total + 1}
        aria-busy={isStale || rows.total === undefined}
        className="grid-table"
        style={
          {
            '--columns': templateOf(columns, widths),
            '--columns-narrow': templateOf(columns, widths, true),
          } as React.CSSProperties
        }
      >
        <Head {...props} onWidth={setWidth}>
          <SelectAll listing={listing} selection={selection} total={rows.total} />
        </Head>
        {/* biome-ignore lint/a11y/useSemanticElements: as above */}
        <div
          ref={body}
          role="rowgroup"
          style={{ height: virtual.getTotalSize(), position: 'relative' }}
        >
          {items.map(item => (
            <Row
              key={item.key}
              index={item.index}
              top={item.start - virtual.options.scrollMargin}
              entity={isStale ? undefined : rows.at(item.index)}
              columns={columns}
              isActive={item.index === active}
              selected={selection.selected}
              onSelect={select}
              onActive={setActive}
            />
          ))}
        </div>
      </div>
    </>
  );
}

/** The row that keys chose has the focus, so that it is seen, read out, and Tab goes on from it. */
function useFocusOn(body: React.RefObject<HTMLDivElement | null>, active: number) {
  useEffect(() => {
    if (active < 0) return;
    const row = body.current?.querySelector<HTMLElement>(`[aria-rowindex="${active + 2}"]`);
    row?.querySelector<HTMLElement>('[data-column="name"] a')?.focus({ preventScroll: true });
  }, [body, active]);
}

function useVirtual(body: React.RefObject<HTMLDivElement | null>, count: number) {
  const [margin, setMargin] = useState(0);
  const [height, setHeight] = useState(36);
  useLayoutEffect(() => {
    const style = getComputedStyle(document.documentElement);
    setHeight(Number.parseInt(style.getPropertyValue('--row'), 10) || 36);
    if (body.current) setMargin(body.current.getBoundingClientRect().top + window.scrollY);
  }, [body]);
  const virtual = useWindowVirtualizer({
    count,
    estimateSize: () => height,
    overscan: OVERSCAN,
    scrollMargin: margin,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows are measured anew when their height changes
  useLayoutEffect(() => virtual.measure(), [height]);
  return virtual;
}

interface HeadProps extends EntityTableProps {
  onWidth: (id: string, px: number | undefined) => void;
  /** Stands above the boxes of the rows. */
  children: React.ReactNode;
}

function Head({ columns, sort, onSort, onWidth, children }: HeadProps) {
  const sorted = (column: Column) =>
    column.id !== sort.id ? undefined : sort.order === 'asc' ? 'ascending' : 'descending';
  return (
    // biome-ignore lint/a11y: a row of a table made of parts
    <div role="row" className="grid-row grid-head">
      {/* biome-ignore lint/a11y: as above */}
      <span role="columnheader" aria-label="Selected">
        {children}
      </span>
      {columns.map(column => (
        // biome-ignore lint/a11y: as above
        <span
          role="columnheader"
          key={column.id}
          data-column={column.id}
          aria-sort={sorted(column)}
          aria-label={column.title}
        >
          {column.field ? (
            <button type="button" onClick={() => onSort(column.id)}>
              {column.title}
              {column.id === sort.id &&
                (sort.order === 'asc' ? (
                  <ArrowUp size={13} aria-hidden />
                ) : (
                  <ArrowDown size={13} aria-hidden />
                ))}
            </button>
          ) : (
            column.title
          )}
          <ColumnEdge title={column.title} onWidth={px => onWidth(column.id, px)} />
        </span>
      ))}
    </div>
  );
}

interface RowProps {
  index: number;
  top: number;
  entity: Entity | undefined;
  columns: Column[];
  isActive: boolean;
  selected: Selected;
  onSelect: SelectRow;
  onActive: (index: number) => void;
}

/** Keys move one row at a time: the others stay as they are. */
const Row = memo(function Row({
  index,
  top,
  entity,
  columns,
  isActive,
  selected,
  onSelect,
  onActive,
}: RowProps) {
  const ref = entity && refTextOf(entity);
  const isSelected = ref !== undefined && selected.has(ref);
  return (
    // biome-ignore lint/a11y: a row of a table made of parts
    <div
      role="row"
      aria-rowindex={index + 2}
      className="grid-row"
      data-active={isActive ? '' : undefined}
      data-selected={isSelected ? '' : undefined}
      style={{ transform: `translateY(${top}px)` }}
      onMouseDown={() => onActive(index)}
    >
      {/* biome-ignore lint/a11y: as above */}
      <span role="cell">
        {entity && ref && (
          <input
            type="checkbox"
            aria-label={`Select ${titleOf(entity)}`}
            checked={isSelected}
            onChange={({ nativeEvent }) =>
              onSelect(index, ref, nativeEvent instanceof MouseEvent && nativeEvent.shiftKey)
            }
          />
        )}
      </span>
      {columns.map(column => (
        // biome-ignore lint/a11y: as above
        <span role="cell" key={column.id} data-column={column.id} className="truncate">
          {entity ? column.cell(entity) : <Skeleton width={`${80 - ((index * 13) % 35)}%`} />}
        </span>
      ))}
    </div>
  );
});

interface RowKeys {
  rows: Rows;
  active: number;
  setActive: (index: number) => void;
  onSelect: SelectRow;
  scrollTo: (index: number) => void;
}

function useRowKeys({ rows, active, setActive, onSelect, scrollTo }: RowKeys) {
  const navigate = useNavigate();
  const entity = active >= 0 ? rows.at(active) : undefined;
  const move = (step: number) => () => {
    const next = Math.min(Math.max(active + step, 0), (rows.total ?? 1) - 1);
    setActive(next);
    scrollTo(next);
  };
  const open = (inNewTab: boolean) => () => {
    if (!entity) return;
    const to = { to: '/catalog/$namespace/$kind/$name', params: refOf(entity) } as const;
    if (inNewTab) window.open(hrefOf(refOf(entity)), '_blank', 'noreferrer');
    else void navigate(to);
  };
  const select = (isRange: boolean) => () => entity && onSelect(active, refTextOf(entity), isRange);
  const group = 'List';
  useKeys([
    { keys: 'j', label: 'Next row', group, run: move(1) },
    { keys: 'k', label: 'Previous row', group, run: move(-1) },
    { keys: 'arrowdown', label: 'Next row', group, run: move(1) },
    { keys: 'arrowup', label: 'Previous row', group, run: move(-1) },
    ...(entity
      ? [
          { keys: 'enter', label: 'Open', group, run: open(false) },
          { keys: 'o', label: 'Open in a new tab', group, run: open(true) },
          { keys: 'x', label: 'Select', group, run: select(false) },
          { keys: 'X', label: 'Select up to here', group, run: select(true) },
          { keys: 's', label: 'Star', group, run: () => toggleStar(refTextOf(entity)) },
        ]
      : []),
  ]);
}

function hrefOf({
  namespace,
  kind,
  name,
}: {
  namespace: string;
  kind: string;
  name: string;
}): string {
  const { pathname } = window.location;
  const base = pathname.slice(0, pathname.lastIndexOf('/') + 1);
  return `${base}catalog/${[namespace, kind, name].map(encodeURIComponent).join('/')}`;
}
