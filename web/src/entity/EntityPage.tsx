/** The page of one entity: header, tabs, and the cards that apply to it. */

import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { lazy, Suspense, useEffect } from 'react';
import { catalog } from '../api/catalog';
import { ApiError } from '../api/client';
import {
  type Entity,
  type EntityRef,
  formatRef,
  parseRef,
  relationsOf,
  shortRef,
  specText,
  titleOf,
} from '../api/entity';
import { entityQuery } from '../api/queries';
import { recent } from '../app/kept';
import { Lifecycle } from '../catalog/columns';
import { EntityLink } from '../ui/EntityLink';
import { KindIcon } from '../ui/KindIcon';
import { kindLook, kindName } from '../ui/kinds';
import { Page } from '../ui/Page';
import { Badge, Skeleton, SkeletonRows, Time } from '../ui/Small';
import { Empty, ErrorState, useLasting } from '../ui/States';
import { EntityActions } from './EntityActions';
import { CARDS, TABS } from './registry';
import './entity.css';

const MissingEntity = lazy(() => import('./MissingEntity'));

export default function EntityPage() {
  const params = useParams({ strict: false });
  const ref = {
    kind: params.kind ?? '',
    namespace: params.namespace ?? '',
    name: params.name ?? '',
  };
  const tab = 'tab' in params ? params.tab : undefined;
  const { data: entity, error, refetch, isPending } = useQuery(entityQuery(ref));
  const isSlow = useLasting(isPending);
  const text = formatRef(ref);
  useEffect(() => {
    if (entity) recent.add(text);
  }, [entity, text]);
  // Also when it went while it was looked at.
  if (error instanceof ApiError && error.isMissing)
    return (
      <Suspense>
        <MissingEntity entityRef={ref} />
      </Suspense>
    );
  if (entity) return <Loaded entity={entity} entityRef={ref} tab={tab} />;
  return (
    <Page
      title={shortRef(ref)}
      crumbs={<Crumbs kind={ref.kind} />}
      icon={<KindIcon kind={ref.kind} size={20} />}
    >
      {error && <ErrorState error={error} onRetry={() => refetch()} />}
      {isSlow && <PageSkeleton />}
    </Page>
  );
}

function PageSkeleton() {
  return (
    <div className="columns" aria-busy="true">
      <div className="card">
        <SkeletonRows n={6} />
      </div>
      <div className="card">
        <SkeletonRows n={4} />
      </div>
    </div>
  );
}

function Crumbs({ kind }: { kind: string }) {
  return (
    <>
      <Link to="/catalog" search={{ q: '' }}>
        Catalog
      </Link>
      <span aria-hidden>/</span>
      <Link to="/catalog" search={{ q: `kind:${kind.toLowerCase()}` }}>
        {kindLook(kind).plural}
      </Link>
    </>
  );
}

interface LoadedProps {
  entity: Entity;
  entityRef: EntityRef;
  tab: string | undefined;
}

function Loaded({ entity, entityRef, tab }: LoadedProps) {
  const tabs = TABS.filter(it => it.applies(entity));
  const active = tabs.find(it => it.id === tab);
  return (
    <Page
      title={titleOf(entity)}
      crumbs={<Crumbs kind={entity.kind} />}
      icon={<KindIcon kind={entity.kind} size={20} />}
      actions={<EntityActions entity={entity} />}
    >
      <Summary entity={entity} entityRef={entityRef} />
      <nav className="tabs" aria-label="Parts of this page">
        <Link
          to="/catalog/$namespace/$kind/$name"
          params={entityRef}
          activeOptions={{ exact: true }}
          resetScroll={false}
        >
          Overview
        </Link>
        {tabs.map(({ id, title }) => (
          <Link
            key={id}
            to="/catalog/$namespace/$kind/$name/$tab"
            params={{ ...entityRef, tab: id }}
            activeOptions={{ includeSearch: false }}
            resetScroll={false}
          >
            {title}
          </Link>
        ))}
      </nav>
      {!tab && <Overview entity={entity} />}
      {active && (
        <Suspense fallback={<Skeleton width={320} />}>
          <active.component entity={entity} />
        </Suspense>
      )}
      {tab && !active && <Empty title={`${kindName(entity.kind)}s like this have no “${tab}”`} />}
    </Page>
  );
}

/** What the entity is at a glance. */
function Summary({ entity, entityRef }: { entity: Entity; entityRef: EntityRef }) {
  const owner = relationsOf(entity, 'ownedBy')[0];
  const parent = relationsOf(entity, 'partOf')[0];
  const lifecycle = specText(entity, 'lifecycle');
  const type = specText(entity, 'type');
  const errors = entity.status?.items?.filter(item => item.level === 'error').length ?? 0;
  return (
    <div className="summary">
      <span>
        {kindName(entity.kind)}
        {type && <span className="muted"> · {type}</span>}
      </span>
      {shortRef(entityRef) !== titleOf(entity) && (
        <code className="muted">{shortRef(entityRef)}</code>
      )}
      {lifecycle && <Lifecycle value={lifecycle} />}
      {owner && (
        <span className="summary-fact">
          <span className="muted">Owner</span> <EntityLink entityRef={owner} />
        </span>
      )}
      {parent && (
        <span className="summary-fact">
          <span className="muted">{kindName(parseRef(parent).kind)}</span>{' '}
          <EntityLink entityRef={parent} />
        </span>
      )}
      {errors === 0 && <Badge tone="ok">no errors</Badge>}
      {errors > 0 && <Badge tone="error">{errors === 1 ? '1 error' : `${errors} errors`}</Badge>}
      <Changed entityRef={entityRef} />
    </div>
  );
}

function Changed({ entityRef }: { entityRef: EntityRef }) {
  const { data, isPending } = useQuery({
    queryKey: ['times', formatRef(entityRef)],
    queryFn: () => catalog.times(entityRef),
  });
  if (isPending) return <Skeleton width={140} />;
  return (
    data && (
      <span className="muted">
        Changed <Time at={data.changedAt} />
      </span>
    )
  );
}

function Overview({ entity }: { entity: Entity }) {
  const cards = CARDS.filter(card => card.applies(entity));
  const place = (where: 'main' | 'side') =>
    cards
      .filter(card => card.place === where)
      .map(({ id, component: Part }) => <Part key={id} entity={entity} />);
  return (
    <div className="columns">
      <div className="column">{place('main')}</div>
      <div className="column">{place('side')}</div>
    </div>
  );
}
