/** Where people start: their things, what needs attention, what to do. */

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { catalog, type Predicate } from '../api/catalog';
import { ApiError } from '../api/client';
import { type Entity, parseRef, refTextOf, specText } from '../api/entity';
import { kindsQuery } from '../api/queries';
import { config } from '../app/boot';
import { recent, stars, useKept } from '../app/kept';
import { Lifecycle } from '../catalog/columns';
import { useUser } from '../session/useSession';
import { EntityLink } from '../ui/EntityLink';
import { KindIcon } from '../ui/KindIcon';
import { kindLook } from '../ui/kinds';
import { Card, Page } from '../ui/Page';
import { formatCount, Notice, Skeleton, SkeletonRows } from '../ui/Small';
import { Empty, ErrorState } from '../ui/States';
import './home.css';

const SHOWN = 10;

export default function HomePage() {
  return (
    <Page
      title={config.organization ?? config.title}
      lead="What you own, what you looked at, and what needs a hand."
    >
      <Kinds />
      <div className="columns">
        <div className="column">
          <Owned />
          <Attention />
        </div>
        <div className="column">
          <Refs
            title="Starred"
            refs={useKept(stars)}
            empty="Press s on an entity, or its star, to keep it here."
          />
          <Refs
            title="Recently seen"
            refs={useKept(recent)}
            empty="Entities you open appear here."
          />
        </div>
      </div>
    </Page>
  );
}

function Kinds() {
  const { data, error, refetch } = useQuery(kindsQuery);
  const kinds = data?.filter(({ value }) => value !== 'Location');
  if (error && !data) return <ErrorState error={error} onRetry={() => refetch()} />;
  return (
    <ul className="home-kinds" aria-label="The catalog by kind">
      {kinds?.map(({ value, count }) => (
        <li key={value}>
          <Link to="/catalog" search={{ q: `kind:${value.toLowerCase()}` }}>
            <KindIcon kind={value} size={20} />
            <strong>{formatCount(count)}</strong>
            <span className="muted">{kindLook(value).plural}</span>
          </Link>
        </li>
      ))}
      {!kinds &&
        [120, 104, 136].map(width => (
          <li className="home-kinds-space" key={width}>
            <Skeleton width={width} />
          </li>
        ))}
    </ul>
  );
}

function Owned() {
  const { ownershipEntityRefs } = useUser();
  const query: Predicate = {
    $all: [
      { 'relations.ownedBy': { $in: ownershipEntityRefs } },
      { kind: { $in: ['Component', 'API', 'System', 'Resource'] } },
    ],
  };
  const { data, error, refetch, isPending } = useQuery({
    queryKey: ['mine', ownershipEntityRefs],
    queryFn: ({ signal }) =>
      catalog.query(
        {
          query,
          limit: SHOWN,
          orderBy: [
            { field: 'kind', order: 'desc' },
            { field: 'metadata.name', order: 'asc' },
          ],
        },
        signal,
      ),
  });
  const all = data && data.totalItems > 0 && (
    <Link to="/catalog" search={{ q: 'owner:me' }}>
      All {formatCount(data.totalItems)}
    </Link>
  );
  return (
    <Card title="Owned by me and my groups" actions={all} flush>
      {isPending && <SkeletonRows n={6} />}
      {error && <ErrorState error={error} onRetry={() => refetch()} />}
      {data?.totalItems === 0 && (
        <Empty title="Nothing yet" example={'spec:\n  owner: my-group'}>
          What names you or one of your groups as its owner appears here:
        </Empty>
      )}
      <ul className="rows">
        {data?.items.map(entity => (
          <OwnedRow key={refTextOf(entity)} entity={entity} />
        ))}
      </ul>
    </Card>
  );
}

function OwnedRow({ entity }: { entity: Entity }) {
  const lifecycle = specText(entity, 'lifecycle');
  return (
    <li>
      <EntityLink entityRef={refTextOf(entity)} entity={entity} />
      <span className="grow muted truncate">{entity.metadata.description}</span>
      <span className="muted">{specText(entity, 'type')}</span>
      {lifecycle && lifecycle !== 'production' && <Lifecycle value={lifecycle} />}
    </li>
  );
}

/** Counts of what is wrong, each leading to the list. */
function Attention() {
  const count = (query: Predicate) =>
    catalog.query({ query, limit: 0 }).then(page => page.totalItems);
  const orphans = useQuery({
    queryKey: ['attention', 'orphans'],
    queryFn: () => count({ 'metadata.annotations.backstage.io/orphan': 'true' }),
  });
  const unowned = useQuery({
    queryKey: ['attention', 'unowned'],
    queryFn: () =>
      count({
        $all: [
          { kind: { $in: ['Component', 'API', 'System', 'Resource'] } },
          { $not: { 'relations.ownedBy': { $exists: true } } },
        ],
      }),
  });
  // Who may not see errors of the catalog is not shown any.
  const errors = useQuery({ queryKey: ['errors'], queryFn: catalog.errors, retry: false });
  const isHidden = errors.error instanceof ApiError && errors.error.isDenied;
  const isLoading = orphans.isPending || unowned.isPending || errors.isPending;
  const failure = orphans.error ?? unowned.error ?? (isHidden ? null : errors.error);
  const retry = () => {
    for (const query of [orphans, unowned, errors]) if (query.error) void query.refetch();
  };
  const isCalm = !isLoading && !failure && !orphans.data && !unowned.data && !errors.data?.length;
  return (
    <Card title="Needs attention">
      <div className="column" style={{ gap: 8 }}>
        {isLoading && !failure && <Skeleton width="60%" />}
        {failure && <ErrorState error={failure} onRetry={retry} />}
        {isCalm && (
          <Notice tone="ok">Nothing: every file could be read, and everything has an owner.</Notice>
        )}
        {errors.data && errors.data.length > 0 && (
          <Notice tone="error">
            <Link to="/admin/$section" params={{ section: 'errors' }}>
              {formatCount(errors.data.length)} entities with errors
            </Link>
          </Notice>
        )}
        {Boolean(orphans.data) && (
          <Notice tone="warn">
            <Link to="/catalog" search={{ q: 'is:orphan' }}>
              {formatCount(orphans.data ?? 0)} orphans
            </Link>
          </Notice>
        )}
        {Boolean(unowned.data) && (
          <Notice tone="warn">
            <Link
              to="/catalog"
              search={{ q: 'is:unowned kind:component kind:api kind:system kind:resource' }}
            >
              {formatCount(unowned.data ?? 0)} without an owner
            </Link>
          </Notice>
        )}
      </div>
    </Card>
  );
}

function Refs({ title, refs, empty }: { title: string; refs: readonly string[]; empty: string }) {
  return (
    <Card title={title} flush>
      {refs.length === 0 && <p className="card-body muted">{empty}</p>}
      <ul className="rows">
        {refs.slice(0, SHOWN).map(ref => (
          <li key={ref}>
            <EntityLink entityRef={ref} />
            <span className="grow" />
            <span className="count">{parseRef(ref).kind}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
