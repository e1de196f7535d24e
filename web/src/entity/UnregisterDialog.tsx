/** Removing an entity: what leads to it decides how, and what else goes with it. */

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { catalog, type Location } from '../api/catalog';
import { ApiError } from '../api/client';
import { annotation, type Entity, ORIGIN, ORPHAN, refOf, refTextOf, titleOf } from '../api/entity';
import { Button } from '../ui/Button';
import { Dialog } from '../ui/Dialog';
import { EntityLink } from '../ui/EntityLink';
import { formatCount, Notice, Skeleton } from '../ui/Small';

interface UnregisterDialogProps {
  entity: Entity;
  onClose: () => void;
}

/** Names shown of what would go; the count is exact. */
const NAMED = 8;

interface Plan {
  /** The registered location to remove; `null` when the entity comes from configuration. */
  location: Location | null;
  isOrphan: boolean;
  total: number;
  sample: string[];
}

async function planFor(entity: Entity): Promise<Plan> {
  const origin = annotation(entity, ORIGIN);
  const isOrphan = annotation(entity, ORPHAN) === 'true';
  if (isOrphan) return { location: null, isOrphan, total: 1, sample: [refTextOf(entity)] };
  const location = await catalog.locationOf(refOf(entity)).catch(error => {
    if (error instanceof ApiError && error.isMissing) return null;
    throw error;
  });
  const page = await catalog.query({
    query: { [`metadata.annotations.${ORIGIN}`]: origin ?? '' },
    limit: NAMED,
    fields: ['kind', 'metadata.name', 'metadata.namespace'],
  });
  return { location, isOrphan, total: page.totalItems, sample: page.items.map(refTextOf) };
}

export default function UnregisterDialog({ entity, onClose }: UnregisterDialogProps) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const plan = useQuery({
    queryKey: ['unregister', refTextOf(entity)],
    queryFn: () => planFor(entity),
    staleTime: 0,
  });
  const { location, isOrphan } = plan.data ?? {};
  const remove = useMutation({
    mutationFn: async () => {
      if (location) await catalog.unregister(location.id);
      else if (isOrphan && entity.metadata.uid) await catalog.deleteEntity(entity.metadata.uid);
    },
    onSuccess: async () => {
      client.removeQueries({ queryKey: ['entity'] });
      await client.invalidateQueries();
      await navigate({ to: '/catalog' });
    },
  });
  const canRemove = Boolean(location) || isOrphan;
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Unregister ${titleOf(entity)}`}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          {canRemove && (
            <Button variant="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
              {removeLabel(plan.data?.total ?? 1)}
            </Button>
          )}
        </>
      }
    >
      {plan.isPending && <Skeleton width="80%" />}
      {plan.error && <Notice tone="error">{plan.error.message}</Notice>}
      {remove.error && <Notice tone="error">{remove.error.message}</Notice>}
      {plan.data && <Consequences plan={plan.data} origin={annotation(entity, ORIGIN)} />}
    </Dialog>
  );
}

function removeLabel(total: number): string {
  return total === 1 ? 'Unregister 1 entity' : `Unregister ${formatCount(total)} entities`;
}

function Consequences({ plan, origin }: { plan: Plan; origin: string | undefined }) {
  if (!plan.location && !plan.isOrphan) {
    return (
      <>
        <p>This entity was not registered here: configuration or a provider leads to it.</p>
        <p>
          To remove it, delete it from its file, or take this location out of the configuration:{' '}
          <code>{origin}</code>
        </p>
      </>
    );
  }
  return (
    <>
      {plan.location && (
        <p>
          The location <code>{plan.location.target}</code> will be removed, and everything that only
          it leads to. Registering it again brings everything back.
        </p>
      )}
      <p>
        <strong>
          {plan.total === 1 ? '1 entity goes:' : `${formatCount(plan.total)} entities go:`}
        </strong>
      </p>
      <ul>
        {plan.sample.map(ref => (
          <li key={ref}>
            <EntityLink entityRef={ref} />
          </li>
        ))}
        {plan.total > plan.sample.length && (
          <li className="muted">and {formatCount(plan.total - plan.sample.length)} more</li>
        )}
      </ul>
    </>
  );
}
