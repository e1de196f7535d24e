/** Links to entities: their name, and on hover what they are. */

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { HoverCard } from 'radix-ui';
import { useState } from 'react';
import { type Entity, parseRef, relationsOf, shortRef, specText, titleOf } from '../api/entity';
import { summaryQuery } from '../api/queries';
import { KindIcon } from './KindIcon';
import { kindName } from './kinds';
import { Badge, Skeleton } from './Small';

interface EntityLinkProps {
  entityRef: string;
  /** What is known already spares a request. */
  entity?: Entity;
  icon?: boolean;
  tabIndex?: number;
}

const HOVER_MS = 300;

export function EntityLink({ entityRef, entity, icon = true, tabIndex }: EntityLinkProps) {
  const ref = parseRef(entityRef);
  const [isOpen, setOpen] = useState(false);
  const { data } = useQuery({ ...summaryQuery(entityRef), enabled: !entity });
  const known = entity ?? data ?? undefined;
  return (
    <HoverCard.Root openDelay={HOVER_MS} closeDelay={80} open={isOpen} onOpenChange={setOpen}>
      <HoverCard.Trigger asChild>
        <Link
          className="entity-link"
          to="/catalog/$namespace/$kind/$name"
          params={ref}
          tabIndex={tabIndex}
          data-missing={data === null ? '' : undefined}
          title={data === null ? 'There is no such entity' : undefined}
        >
          {icon && <KindIcon kind={ref.kind} />}
          <span className="truncate">{known ? titleOf(known) : shortRef(ref)}</span>
        </Link>
      </HoverCard.Trigger>
      {isOpen && data !== null && (
        <HoverCard.Portal>
          <HoverCard.Content className="popover hover-card" sideOffset={6} collisionPadding={8}>
            <EntityHover entityRef={entityRef} />
          </HoverCard.Content>
        </HoverCard.Portal>
      )}
    </HoverCard.Root>
  );
}

function EntityHover({ entityRef }: { entityRef: string }) {
  const ref = parseRef(entityRef);
  const { data: entity, isPending } = useQuery(summaryQuery(entityRef));
  if (isPending) return <Skeleton width={220} />;
  if (!entity) return <span className="muted">{entityRef}</span>;
  const owner = relationsOf(entity, 'ownedBy')[0];
  const hasErrors = entity.status?.items?.some(item => item.level === 'error');
  const facts = [kindName(ref.kind), specText(entity, 'type'), specText(entity, 'lifecycle')];
  return (
    <div className="column" style={{ gap: 6, maxWidth: 320 }}>
      <strong>{titleOf(entity)}</strong>
      <span className="muted">{facts.filter(Boolean).join(' · ')}</span>
      {entity.metadata.description && <span>{entity.metadata.description}</span>}
      {owner && <span className="muted">Owned by {shortRef(parseRef(owner))}</span>}
      {hasErrors && <Badge tone="error">Has errors</Badge>}
    </div>
  );
}
