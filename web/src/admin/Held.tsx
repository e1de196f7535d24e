import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { catalog, type HeldDeletion } from '../api/catalog';
import { deniedTitle, MAY, useMay } from '../session/may';
import { Button } from '../ui/Button';
import { EntityLink } from '../ui/EntityLink';
import { Card } from '../ui/Page';
import { Badge, formatCount, Notice, SkeletonRows, Time } from '../ui/Small';
import { Empty, ErrorState } from '../ui/States';

/** Sources that would remove so much that somebody should look first. */
export function Held() {
  const { data, error, refetch, isPending } = useQuery({
    queryKey: ['held'],
    queryFn: catalog.held,
  });
  return (
    <div className="column">
      {isPending && <SkeletonRows />}
      {error && <ErrorState error={error} onRetry={() => refetch()} />}
      {data?.length === 0 && (
        <Empty title="None">No source wants to remove an unusual number of entities.</Empty>
      )}
      {data?.map(held => (
        <HeldCard key={held.provider} held={held} />
      ))}
    </div>
  );
}

function HeldCard({ held }: { held: HeldDeletion }) {
  const client = useQueryClient();
  const decide = useMutation({
    mutationFn: (decision: 'approve' | 'reject') => catalog.decideHeld(held.provider, decision),
    onSuccess: () => client.invalidateQueries(),
  });
  const mayDecide = useMay(MAY.manageIngestion);
  const title = deniedTitle(mayDecide, MAY.manageIngestion);
  const isStill = decide.isPending || mayDecide === false;
  const share = Math.round((100 * held.entitiesRemoved) / Math.max(held.entitiesBefore, 1));
  const actions = held.approved ? (
    <Badge tone="info">approved, runs next</Badge>
  ) : (
    <>
      <Button disabled={isStill} title={title} onClick={() => decide.mutate('reject')}>
        Keep them
      </Button>
      <Button
        variant="danger"
        disabled={isStill}
        title={title}
        onClick={() => decide.mutate('approve')}
      >
        Remove {formatCount(held.entitiesRemoved)}
      </Button>
    </>
  );
  return (
    <Card title={held.provider} actions={actions}>
      {decide.error && <Notice tone="error">{decide.error.message}</Notice>}
      <p>
        Would remove {formatCount(held.entitiesRemoved)} of {formatCount(held.entitiesBefore)}{' '}
        entities ({share} %); held <Time at={held.heldAt} />. Among them:
      </p>
      <ul>
        {held.sample.map(ref => (
          <li key={ref}>
            <EntityLink entityRef={ref} />
          </li>
        ))}
      </ul>
    </Card>
  );
}
