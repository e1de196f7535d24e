/** Entities that are not in the catalog yet, each as the catalog would judge it. */

import { useQueries } from '@tanstack/react-query';
import { catalog } from '../api/catalog';
import { type Entity, refTextOf } from '../api/entity';
import { KindIcon } from '../ui/KindIcon';
import { Card } from '../ui/Page';
import { Badge, Notice, Skeleton } from '../ui/Small';

export function CheckList({ entities }: { entities: Entity[] }) {
  const checks = useQueries({
    queries: entities.map(entity => ({
      queryKey: ['validate', entity],
      // What is fine has no answer, and a query needs one.
      queryFn: () => catalog.validate(entity).then(() => true),
      retry: false,
    })),
  });
  const n = checks.filter(({ isSuccess }) => isSuccess).length;
  return (
    <Card title={`${n} of ${entities.length} could be registered`} flush>
      <ul className="rows">
        {entities.map((entity, at) => {
          const check = checks[at];
          return (
            <li key={`${at} ${entity.kind} ${entity.metadata.name}`}>
              <div className="column grow" style={{ gap: 6 }}>
                <div className="page-actions">
                  <KindIcon kind={entity.kind} />
                  <code>{refTextOf(entity)}</code>
                  {check?.isPending && <Skeleton width={60} />}
                  {check?.isSuccess && <Badge tone="ok">fine</Badge>}
                </div>
                {check?.error && (
                  <Notice tone="error">
                    <div className="prewrap">{check.error.message}</div>
                  </Notice>
                )}
              </div>
            </li>
          );
        })}
      </ul>
    </Card>
  );
}
