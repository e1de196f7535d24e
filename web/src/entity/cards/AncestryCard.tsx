/** Where an entity comes from: the chain of locations that led to it. */

import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { catalog } from '../../api/catalog';
import { type Entity, refOf, refTextOf } from '../../api/entity';
import { Button } from '../../ui/Button';
import { EntityLink } from '../../ui/EntityLink';
import { Card } from '../../ui/Page';
import { SkeletonRows } from '../../ui/Small';
import { ErrorState } from '../../ui/States';
import { chainOf } from '../chain';

export function AncestryCard({ entity }: { entity: Entity }) {
  const [isOpen, setOpen] = useState(false);
  const ref = refTextOf(entity);
  const { data, error, refetch, isPending } = useQuery({
    queryKey: ['ancestry', ref],
    queryFn: () => catalog.ancestry(refOf(entity)),
    enabled: isOpen,
  });
  const toggle = (
    <Button variant="quiet" size="small" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
      {isOpen ? 'Hide' : 'Show'}
    </Button>
  );
  return (
    <Card title="Where it comes from" actions={toggle} flush>
      {isOpen && isPending && <SkeletonRows n={2} />}
      {isOpen && error && <ErrorState error={error} onRetry={() => refetch()} />}
      {isOpen && data && (
        <ol className="rows">
          {chainOf(ref, data).map(({ entity: ancestor, depth }) => (
            <li key={refTextOf(ancestor)} style={{ paddingLeft: 16 + depth * 16 }}>
              <EntityLink entityRef={refTextOf(ancestor)} entity={ancestor} />
              <code className="muted truncate grow">{targetOf(ancestor)}</code>
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}

function targetOf(entity: Entity): string {
  const { target, targets } = entity.spec ?? {};
  if (typeof target === 'string') return target;
  return Array.isArray(targets) ? targets.join(', ') : '';
}
