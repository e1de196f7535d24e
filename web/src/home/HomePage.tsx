/** Where people start: their things, what needs attention, what to do. */

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Sparkles, SquarePlus } from 'lucide-react';
import { catalog, type Predicate } from '../api/catalog';
import { ApiError } from '../api/client';
import { type Entity, parseRef, refTextOf, specText } from '../api/entity';
import { kindsQuery } from '../api/queries';
import { config } from '../app/boot';
import { recent, stars, useKept } from '../app/kept';
import { Lifecycle } from '../catalog/columns';
import { MAY, useMay, useSeesNothing } from '../session/may';
import { useUser } from '../session/useSession';
import { EntityLink } from '../ui/EntityLink';
import { KindIcon } from '../ui/KindIcon';
import { kindLook } from '../ui/kinds';
import { Card, Page } from '../ui/Page';
import { formatCount, Notice, Skeleton, SkeletonRows } from '../ui/Small';
import { Denied, Empty, ErrorState } from '../ui/States';
import './home.css';

const SHOWN = 10;

export default function HomePage() {
  return (
    <Page
      title={config.organization ?? config.title}
      lead="What you own, what you looked at, and what needs a hand."
      actions={<Quick />}
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

function Quick() {
  const mayCreate = useMay(MAY.createTask);
  const mayRegister = useMay(MAY.register);
  return (
    <>
      {mayRegister !== false && (
        <Link className="btn" to="/catalog-import">
          <SquarePlus aria-hidden /> Register a location
        </Link>
      )}
      {mayCreate !== false && (
        <Link className="btn" data-variant="primary" to="/create">
          <Sparkles aria-hidden /> Create something
        </Link>
      )}
    </>
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
      {data?.totalItems === 0 && <NothingOwned />}
      <ul className="rows">
        {data?.items.map(entity => (
          <OwnedRow key={refTextOf(entity)} entity={entity} />
        ))}
      </ul>
    </Card>
  );
}

function NothingOwned() {
  const isDenied = useSeesNothing();
  if (isDenied) return <Denied needs={MAY.readEntity} />;
  return (
    <Empty title="Nothing yet" example={'spec:\n  owner: my-group'}>
      What names you or one of your groups as its owner appears here:
    </Empty>
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
  const held = useQuery({ queryKey: ['held'], queryFn: catalog.held, retry: false });
  const all = [orphans, unowned, errors, held];
  const isLoading = all.some(query => query.isPending);
  const isDenied = (error: Error | null) => error instanceof ApiError && error.isDenied;
  const isBlind = all.some(({ error }) => isDenied(error));
  const failure = all.find(({ error }) => error && !isDenied(error))?.error;
  const retry = () => {
    for (const query of all) if (query.error) void query.refetch();
  };
  const nHeld = held.data?.filter(({ approved }) => !approved).length ?? 0;
  const n = (orphans.data ?? 0) + (unowned.data ?? 0) + (errors.data?.length ?? 0) + nHeld;
  const isCalm = !isLoading && !failure && n === 0;
  return (
    <Card title="Needs attention">
      <div className="column" style={{ gap: 8 }}>
        {isLoading && !failure && <Skeleton width="60%" />}
        {failure && <ErrorState error={failure} onRetry={retry} />}
        {isCalm && (
          <Notice tone={isBlind ? 'info' : 'ok'}>
            {isBlind
              ? 'Nothing that you may see. Whether every file could be read is not shown to you.'
              : 'Nothing: every file could be read, and everything has an owner.'}
          </Notice>
        )}
        {errors.data && errors.data.length > 0 && (
          <Notice tone="error">
            <Link to="/admin/$section" params={{ section: 'errors' }}>
              {formatCount(errors.data.length)} entities with errors
            </Link>
          </Notice>
        )}
        {nHeld > 0 && (
          <Notice tone="warn">
            <Link to="/admin/$section" params={{ section: 'held' }}>
              {nHeld === 1 ? '1 source wants' : `${formatCount(nHeld)} sources want`} to remove
              much, and wait for you
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
