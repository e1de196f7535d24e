/** What is wrong with the entity, as far as the catalog knows; nothing when all is well. */

import { useQueries } from '@tanstack/react-query';
import { annotation, type Entity, ORPHAN, relationsOf } from '../../api/entity';
import { summaryQuery } from '../../api/queries';
import { EntityLink } from '../../ui/EntityLink';
import { Notice } from '../../ui/Small';

export function HealthCard({ entity }: { entity: Entity }) {
  const items = entity.status?.items ?? [];
  const targets = [...new Set((entity.relations ?? []).map(relation => relation.targetRef))];
  const summaries = useQueries({ queries: targets.map(summaryQuery) });
  const missing = targets.filter((_, at) => summaries[at]?.data === null);
  const isOrphan = annotation(entity, ORPHAN) === 'true';
  const needsOwner = ['Component', 'API', 'Resource', 'System', 'Domain'].includes(entity.kind);
  const isUnowned = needsOwner && relationsOf(entity, 'ownedBy').length === 0;
  if (items.length + missing.length === 0 && !isOrphan && !isUnowned) return null;
  return (
    <section className="column" style={{ gap: 8 }} aria-label="Problems">
      {items.map(item => (
        <Notice key={item.message} tone={item.level === 'warning' ? 'warn' : item.level}>
          <strong>{item.error?.name ?? item.type}</strong>
          <div className="prewrap">{item.error?.message ?? item.message}</div>
        </Notice>
      ))}
      {isOrphan && (
        <Notice tone="warn">
          Nothing leads to this entity any more: its file or the location above it is gone. It will
          be removed unless something names it again.
        </Notice>
      )}
      {isUnowned && <Notice tone="warn">Nobody owns this. Add spec.owner to its file.</Notice>}
      {missing.length > 0 && (
        <Notice tone="warn">
          {missing.length === 1 ? 'A relation leads' : `${missing.length} relations lead`} to what
          is not in the catalog:
          <ul>
            {missing.map(ref => (
              <li key={ref}>
                <EntityLink entityRef={ref} />
              </li>
            ))}
          </ul>
        </Notice>
      )}
    </section>
  );
}
