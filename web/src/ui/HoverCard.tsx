/** What an entity is, beside a link to it. */

import { useQuery } from '@tanstack/react-query';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import { parseRef, relationsOf, shortRef, specText, titleOf } from '../api/entity';
import { summaryQuery } from '../api/queries';
import { kindName } from './kinds';
import { plainText } from './plain';
import { Badge, Skeleton } from './Small';

interface HoverCardProps {
  entityRef: string;
  /** The link. */
  anchor: HTMLElement;
  /** The pointer went on to the card: it stays. */
  onEnter: () => void;
  onLeave: () => void;
  onClose: () => void;
}

const GAP = 6;
const EDGE = 8;

/** Below the link, or above it when there is more room. */
function placeOf(anchor: HTMLElement, card: HTMLElement): { left: number; top: number } {
  const link = anchor.getBoundingClientRect();
  const { width, height } = card.getBoundingClientRect();
  const left = Math.max(EDGE, Math.min(link.left, window.innerWidth - width - EDGE));
  const below = link.bottom + GAP;
  const fits = below + height + EDGE <= window.innerHeight || link.top < height + GAP;
  return { left, top: fits ? below : link.top - GAP - height };
}

export default function HoverCard({ entityRef, anchor, onClose, ...pointer }: HoverCardProps) {
  const card = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<{ left: number; top: number }>();
  const { data: entity, isPending } = useQuery(summaryQuery(entityRef));
  // biome-ignore lint/correctness/useExhaustiveDependencies: with more in it, it is larger
  useLayoutEffect(() => {
    if (card.current) setPlace(placeOf(anchor, card.current));
  }, [anchor, entity]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && onClose();
    window.addEventListener('scroll', onClose, { capture: true, passive: true });
    window.addEventListener('keydown', onKey);
    return () => {
      window.removeEventListener('scroll', onClose, { capture: true });
      window.removeEventListener('keydown', onKey);
    };
  }, [onClose]);
  if (entity === null) return null;
  return createPortal(
    <div
      ref={card}
      className="popover hover-card"
      style={{ position: 'fixed', visibility: place ? 'visible' : 'hidden', ...place }}
      onPointerEnter={pointer.onEnter}
      onPointerLeave={pointer.onLeave}
    >
      {isPending ? <Skeleton width={220} /> : <Facts entityRef={entityRef} />}
    </div>,
    document.body,
  );
}

function Facts({ entityRef }: { entityRef: string }) {
  const ref = parseRef(entityRef);
  const { data: entity } = useQuery(summaryQuery(entityRef));
  if (!entity) return <span className="muted">{entityRef}</span>;
  const owner = relationsOf(entity, 'ownedBy')[0];
  const hasErrors = entity.status?.items?.some(item => item.level === 'error');
  const facts = [kindName(ref.kind), specText(entity, 'type'), specText(entity, 'lifecycle')];
  return (
    <div className="column" style={{ gap: 6, maxWidth: 320 }}>
      <strong>{titleOf(entity)}</strong>
      <span className="muted">{facts.filter(Boolean).join(' · ')}</span>
      {entity.metadata.description && <span>{plainText(entity.metadata.description)}</span>}
      {owner && <span className="muted">Owned by {shortRef(parseRef(owner))}</span>}
      {hasErrors && <Badge tone="error">Has errors</Badge>}
    </div>
  );
}
