import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { catalog, type Location } from '../api/catalog';
import { isWebUrl, ORIGIN, refTextOf } from '../api/entity';
import { deniedTitle, MAY, useMay } from '../session/may';
import { Button } from '../ui/Button';
import { Dialog } from '../ui/Dialog';
import { EntityLink } from '../ui/EntityLink';
import { Card } from '../ui/Page';
import { formatCount, Notice, Skeleton, SkeletonRows } from '../ui/Small';
import { Empty, ErrorState } from '../ui/States';

/** Locations that were registered by hand. */
export function Locations() {
  const { data, error, refetch, isPending } = useQuery({
    queryKey: ['locations'],
    queryFn: catalog.locations,
  });
  const mayRegister = useMay(MAY.register);
  const mayUnregister = useMay(MAY.unregister);
  const [leaving, setLeaving] = useState<Location>();
  return (
    <Card
      title="Registered locations"
      count={data?.length}
      flush
      actions={
        mayRegister !== false && (
          <Link className="btn" to="/catalog-import">
            Register location
          </Link>
        )
      }
    >
      {isPending && <SkeletonRows />}
      {error && <ErrorState error={error} onRetry={() => refetch()} />}
      {data?.length === 0 && (
        <Empty title="None was registered by hand">
          Locations of the configuration are entities:{' '}
          <Link to="/catalog" search={{ q: 'kind:location' }}>
            kind:location
          </Link>
        </Empty>
      )}
      <ul className="rows">
        {data?.map(location => (
          <li key={location.id}>
            <span className="muted">{location.type}</span>
            <span className="grow truncate">
              {isWebUrl(location.target) ? (
                <a href={location.target} target="_blank" rel="noreferrer">
                  {location.target}
                </a>
              ) : (
                location.target
              )}
            </span>
            <Button
              size="small"
              variant="danger"
              disabled={mayUnregister === false}
              title={deniedTitle(mayUnregister, MAY.unregister)}
              onClick={() => setLeaving(location)}
            >
              Unregister…
            </Button>
          </li>
        ))}
      </ul>
      {leaving && <Leave location={leaving} onClose={() => setLeaving(undefined)} />}
    </Card>
  );
}

const NAMED = 8;

function Leave({ location, onClose }: { location: Location; onClose: () => void }) {
  const client = useQueryClient();
  const gone = useQuery({
    queryKey: ['leaving', location.id],
    queryFn: () =>
      catalog.query({
        query: { [`metadata.annotations.${ORIGIN}`]: `${location.type}:${location.target}` },
        limit: NAMED,
        fields: ['kind', 'metadata.name', 'metadata.namespace'],
      }),
  });
  const remove = useMutation({
    mutationFn: () => catalog.unregister(location.id),
    onSuccess: async () => {
      await client.invalidateQueries();
      onClose();
    },
  });
  const total = gone.data?.totalItems ?? 0;
  return (
    <Dialog
      open
      onClose={onClose}
      title="Unregister location"
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            variant="danger"
            disabled={!gone.data || remove.isPending}
            onClick={() => remove.mutate()}
          >
            {total === 1 ? 'Unregister 1 entity' : `Unregister ${formatCount(total)} entities`}
          </Button>
        </>
      }
    >
      {remove.error && <Notice tone="error">{remove.error.message}</Notice>}
      <p>
        <code>{location.target}</code> will be removed, and everything that only it leads to:
      </p>
      {gone.isPending && <Skeleton width="70%" />}
      {gone.error && <Notice tone="error">{gone.error.message}</Notice>}
      <ul>
        {gone.data?.items.map(entity => (
          <li key={refTextOf(entity)}>
            <EntityLink entityRef={refTextOf(entity)} />
          </li>
        ))}
        {total > NAMED && <li className="muted">and {formatCount(total - NAMED)} more</li>}
      </ul>
    </Dialog>
  );
}
