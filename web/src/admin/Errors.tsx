import { useQuery } from '@tanstack/react-query';
import { catalog, type IngestionError } from '../api/catalog';
import { EntityLink } from '../ui/EntityLink';
import { Card } from '../ui/Page';
import { Problems } from '../ui/Problems';
import { Badge, SkeletonRows } from '../ui/Small';
import { Empty, ErrorState } from '../ui/States';

/** Entities whose last reading failed, with the place and the way out. */
export function Errors() {
  const { data, error, refetch, isPending } = useQuery({
    queryKey: ['errors'],
    queryFn: catalog.errors,
  });
  return (
    <Card title="Entities with errors" count={data?.length} flush>
      {isPending && <SkeletonRows />}
      {error && <ErrorState error={error} onRetry={() => refetch()} />}
      {data?.length === 0 && (
        <Empty title="None">Every file could be read and everything in it is valid.</Empty>
      )}
      <ul className="rows">
        {data?.map(item => (
          <ErrorRow key={item.entityRef} item={item} />
        ))}
      </ul>
    </Card>
  );
}

function ErrorRow({ item }: { item: IngestionError }) {
  return (
    <li>
      <div className="column grow" style={{ gap: 6, padding: '6px 0' }}>
        <div className="page-actions">
          <EntityLink entityRef={item.entityRef} />
          {item.hasLastGood && <Badge tone="warn">last good version is shown</Badge>}
        </div>
        <Problems problems={item.problems} location={item.location} />
      </div>
    </li>
  );
}
