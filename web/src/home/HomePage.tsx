/** Where people start: their things, what needs attention, what to do. */

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { FilePlus2, ListChecks, Sparkles, SquarePlus } from 'lucide-react';
import { type Entity, parseRef, refTextOf, specText } from '../api/entity';
import { kindsQuery } from '../api/queries';
import { config } from '../app/boot';
import { recent, stars, useKept } from '../app/kept';
import { Lifecycle } from '../catalog/columns';
import { EmptyOrDenied } from '../session/EmptyOrDenied';
import { MAY, useMay } from '../session/may';
import { useUser } from '../session/useSession';
import { EntityLink } from '../ui/EntityLink';
import { KindIcon } from '../ui/KindIcon';
import { kindLook } from '../ui/kinds';
import { Card, Page } from '../ui/Page';
import { plainText } from '../ui/plain';
import { formatCount, Skeleton, SkeletonRows } from '../ui/Small';
import { ErrorState } from '../ui/States';
import { Attention } from './Attention';
import { ownedQuery } from './queries';
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
        <>
          <Link className="btn" to="/catalog-import/describe">
            <FilePlus2 aria-hidden /> Describe something new
          </Link>
          <Link className="btn" to="/catalog-import">
            <SquarePlus aria-hidden /> Register a location
          </Link>
        </>
      )}
      <Link className="btn" to="/create/tasks">
        <ListChecks aria-hidden /> Runs
      </Link>
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
  const { data, error, refetch, isPending } = useQuery(ownedQuery(ownershipEntityRefs));
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
  return (
    <EmptyOrDenied title="Nothing yet" example={'spec:\n  owner: my-group'}>
      What names you or one of your groups as its owner appears here:
    </EmptyOrDenied>
  );
}

function OwnedRow({ entity }: { entity: Entity }) {
  const lifecycle = specText(entity, 'lifecycle');
  return (
    <li>
      <EntityLink entityRef={refTextOf(entity)} entity={entity} />
      <span className="grow muted truncate">{plainText(entity.metadata.description)}</span>
      <span className="muted">{specText(entity, 'type')}</span>
      {lifecycle && lifecycle !== 'production' && <Lifecycle value={lifecycle} />}
    </li>
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
