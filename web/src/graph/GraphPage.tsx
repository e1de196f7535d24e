/** Relations as a drawing, and the same as a list. */

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { Download, List, Share2, SlidersHorizontal } from 'lucide-react';
import { lazy, Suspense, useCallback, useMemo, useState } from 'react';
import { catalog } from '../api/catalog';
import { parseRef, refTextOf, titleOf } from '../api/entity';
import { summaryQuery } from '../api/queries';
import { download } from '../catalog/export';
import { relationTitle } from '../entity/relations';
import { EmptyOrDenied } from '../session/EmptyOrDenied';
import { MAY, useSeesNothing } from '../session/may';
import { Button } from '../ui/Button';
import { EntityLink } from '../ui/EntityLink';
import { KindIcon } from '../ui/KindIcon';
import { kindLook, kindName } from '../ui/kinds';
import { Menu, MenuCheck, MenuItem } from '../ui/Menu';
import { Card, Page } from '../ui/Page';
import { plainText } from '../ui/plain';
import { formatCount, Notice, Skeleton, SkeletonRows } from '../ui/Small';
import { Denied, ErrorState } from '../ui/States';
import { Table } from '../ui/Table';
import { type Graph, type GraphQuery, loadGraph, MAX_NODES } from './data';
import { coloursNow, toPng, toSvg } from './export';
import type { Places } from './layout';

const GraphView = lazy(() => import('./GraphView'));
const route = getRouteApi('/catalog-graph');
type Search = ReturnType<typeof route.useSearch>;

const RELATIONS = [
  'ownedBy',
  'partOf',
  'dependsOn',
  'providesApi',
  'consumesApi',
  'memberOf',
  'childOf',
];
const KINDS = ['component', 'api', 'resource', 'system', 'domain', 'group', 'user'];
const MAX_DEPTH = 6;
/** What people want to see first: software, not who owns it. */
const DEFAULT_RELATIONS = ['partOf', 'dependsOn', 'providesApi', 'consumesApi'];
/** People and teams have hardly any of these. */
const ORG = /^(group|user):/i;

export default function GraphPage() {
  const search = route.useSearch();
  if (!search.root) return <Choose />;
  return <Explore root={search.root} search={search} />;
}

function queryOf(root: string, search: Search): GraphQuery {
  const list = (text: string | undefined) => text?.split(',').filter(Boolean) ?? [];
  const depth = Number.parseInt(search.depth ?? '1', 10);
  const direction =
    search.direction === 'in' || search.direction === 'out' ? search.direction : 'both';
  return {
    roots: root.split(','),
    depth: Math.min(Math.max(Number.isNaN(depth) ? 1 : depth, 1), MAX_DEPTH),
    direction,
    relations:
      search.relations === 'all'
        ? []
        : search.relations
          ? list(search.relations)
          : ORG.test(root)
            ? RELATIONS
            : DEFAULT_RELATIONS,
    kinds: list(search.kinds),
  };
}

function Explore({ root, search }: { root: string; search: Search }) {
  const navigate = useNavigate();
  const query = useMemo(() => queryOf(root, search), [root, search]);
  const {
    data: graph,
    error,
    refetch,
    isPending,
  } = useQuery({
    queryKey: ['graph', query],
    queryFn: () => loadGraph(query),
    placeholderData: keepPreviousData,
  });
  const { data: first } = useQuery(summaryQuery(query.roots[0] ?? ''));
  const [places, setPlaces] = useState<Places>();
  const isList = search.view === 'list';
  const isDenied = useSeesNothing();
  const set = (change: Partial<Search>) =>
    void navigate({ to: '/catalog-graph', search: { ...search, ...change }, replace: true });
  const open = useCallback(
    (ref: string) =>
      void navigate({ to: '/catalog/$namespace/$kind/$name', params: parseRef(ref) }),
    [navigate],
  );
  return (
    <Page
      title={first ? `Around ${titleOf(first)}` : 'Graph'}
      actions={
        <>
          <Options query={query} onChange={set} />
          <Button aria-pressed={isList} onClick={() => set({ view: isList ? undefined : 'list' })}>
            {isList ? <Share2 aria-hidden /> : <List aria-hidden />} {isList ? 'Drawing' : 'List'}
          </Button>
          <ExportMenu graph={graph} places={places} />
          <Button onClick={() => void navigate({ to: '/catalog-graph', search: {} })}>
            Other start
          </Button>
        </>
      }
    >
      {error && <ErrorState error={error} onRetry={() => refetch()} />}
      {isPending && <Skeleton width={240} />}
      {graph && <Extent graph={graph} query={query} />}
      {graph && isDenied && graph.nodes.every(node => node.isMissing) && (
        <Denied needs={MAY.readEntity} />
      )}
      {graph && !isList && (
        <Suspense fallback={<Skeleton width={240} />}>
          <GraphView graph={graph} roots={query.roots} onOpen={open} onPlaced={setPlaces} />
        </Suspense>
      )}
      {graph && isList && <EdgeList graph={graph} />}
    </Page>
  );
}

function Extent({ graph, query }: { graph: Graph; query: GraphQuery }) {
  const isAll = query.relations.length === 0;
  const hidden = isAll ? [] : RELATIONS.filter(type => !query.relations.includes(type));
  return (
    <>
      <p className="muted" role="status">
        {formatCount(graph.nodes.length)} entities, {formatCount(graph.edges.length)} edges. Click
        one to see what it is joined to, twice to open it; arrow keys walk.
        {query.relations.length === 1 && query.relations[0] === 'none' && ' No relation is chosen.'}
        {hidden.length > 0 && ` Not followed: ${hidden.map(relationTitle).join(', ')}.`}
      </p>
      {graph.left > 0 && (
        <Notice tone="warn">
          {formatCount(graph.left)} more entities are not shown: {formatCount(MAX_NODES)} are the
          most. Narrow the kinds or relations, or go fewer steps.
        </Notice>
      )}
    </>
  );
}

/** The relations of an address without its word for no relation at all. */
const shownOf = (relations: string[]) => relations.filter(type => type !== 'none');

function Options({
  query,
  onChange,
}: {
  query: GraphQuery;
  onChange: (change: Partial<Search>) => void;
}) {
  const toggled = (list: string[], item: string) =>
    list.includes(item) ? list.filter(it => it !== item) : [...list, item];
  const relations = query.relations.length > 0 ? shownOf(query.relations) : RELATIONS;
  const kinds = query.kinds.length > 0 ? query.kinds : KINDS;
  return (
    <>
      <label className="page-actions">
        Steps
        <select
          className="select"
          value={query.depth}
          onChange={event => onChange({ depth: event.target.value })}
        >
          {Array.from({ length: MAX_DEPTH }, (_, at) => (
            <option key={`${at + 1}`}>{at + 1}</option>
          ))}
        </select>
      </label>
      <label>
        <span className="sr-only">Direction</span>
        <select
          className="select"
          value={query.direction}
          onChange={event => onChange({ direction: event.target.value })}
        >
          <option value="both">Both directions</option>
          <option value="out">What it needs</option>
          <option value="in">What needs it</option>
        </select>
      </label>
      <Menu
        trigger={
          <Button>
            <SlidersHorizontal aria-hidden /> Relations
          </Button>
        }
      >
        {RELATIONS.map(type => (
          <MenuCheck
            key={type}
            checked={relations.includes(type)}
            onChange={() => onChange({ relations: toggled(relations, type).join(',') || 'none' })}
          >
            {relationTitle(type)}
          </MenuCheck>
        ))}
        <MenuItem onSelect={() => onChange({ relations: 'all' })}>All, also unusual ones</MenuItem>
      </Menu>
      <Menu trigger={<Button>Kinds</Button>}>
        {KINDS.map(kind => (
          <MenuCheck
            key={kind}
            checked={kinds.includes(kind)}
            onChange={() => onChange({ kinds: toggled(kinds, kind).join(',') || undefined })}
          >
            {kindLook(kind).plural}
          </MenuCheck>
        ))}
      </Menu>
    </>
  );
}

function ExportMenu({ graph, places }: { graph: Graph | undefined; places: Places | undefined }) {
  const [error, setError] = useState<string>();
  const save = async (format: 'svg' | 'png') => {
    if (!graph || !places) return;
    const svg = toSvg(graph, places, coloursNow());
    if (format === 'svg') return download('graph.svg', 'image/svg+xml', svg);
    try {
      download('graph.png', 'image/png', await toPng(svg));
      setError(undefined);
    } catch (cause) {
      setError(cause instanceof Error ? cause.message : String(cause));
    }
  };
  return (
    <>
      {error && <Notice tone="error">{error}</Notice>}
      <Menu
        trigger={
          <Button disabled={!places}>
            <Download aria-hidden /> Export
          </Button>
        }
      >
        <MenuItem onSelect={() => void save('svg')}>SVG</MenuItem>
        <MenuItem onSelect={() => void save('png')}>PNG</MenuItem>
      </Menu>
    </>
  );
}

function EdgeList({ graph }: { graph: Graph }) {
  return (
    <Card title="Relations" count={graph.edges.length} flush>
      <Table heads={['From', 'Relation', 'To']}>
        {graph.edges.map(({ from, to, types }) => (
          <tr key={`${from} ${to}`}>
            <td>
              <EntityLink entityRef={from} />
            </td>
            <td className="muted">{types.map(relationTitle).join(', ')}</td>
            <td>
              <EntityLink entityRef={to} />
            </td>
          </tr>
        ))}
      </Table>
    </Card>
  );
}

const MAX_CHOICES = 30;

/** Where to begin: domains and systems, or anything by name. */
function Choose() {
  const [find, setFind] = useState('');
  const navigate = useNavigate();
  const { data, error, refetch, isPending } = useQuery({
    queryKey: ['graph-start', find],
    queryFn: ({ signal }) =>
      catalog.query(
        {
          query: find ? undefined : { kind: { $in: ['domain', 'system'] } },
          limit: MAX_CHOICES,
          orderBy: [
            { field: 'kind', order: 'asc' },
            { field: 'metadata.name', order: 'asc' },
          ],
          fullTextFilter: find
            ? { term: find, fields: ['metadata.name', 'metadata.title'] }
            : undefined,
          fields: [
            'kind',
            'metadata.name',
            'metadata.namespace',
            'metadata.title',
            'metadata.description',
            'spec.profile',
          ],
        },
        signal,
      ),
    placeholderData: keepPreviousData,
  });
  return (
    <Page title="Graph" lead="Choose where to begin.">
      <input
        className="input"
        style={{ maxWidth: 480 }}
        type="search"
        aria-label="Find an entity to begin with"
        placeholder="Find an entity to begin with"
        value={find}
        onChange={event => setFind(event.target.value)}
      />
      {error && <ErrorState error={error} onRetry={() => refetch()} />}
      {isPending && <SkeletonRows n={8} />}
      {data?.totalItems === 0 && (
        <EmptyOrDenied
          title={find ? 'Nothing is called that' : 'There is no domain or system yet'}
        />
      )}
      <ul className="rows card">
        {data?.items.map(entity => (
          <li key={refTextOf(entity)}>
            <KindIcon kind={entity.kind} />
            <button
              type="button"
              className="btn"
              data-variant="quiet"
              data-size="small"
              onClick={() =>
                void navigate({ to: '/catalog-graph', search: { root: refTextOf(entity) } })
              }
            >
              {titleOf(entity)}
            </button>
            <span className="muted grow truncate">{plainText(entity.metadata.description)}</span>
            <span className="count">{kindName(entity.kind)}</span>
          </li>
        ))}
      </ul>
      {data && data.totalItems > MAX_CHOICES && (
        <p className="muted">
          {formatCount(MAX_CHOICES)} of {formatCount(data.totalItems)}: type more of the name.
        </p>
      )}
    </Page>
  );
}
