/** Links to entities: their name, and on hover what they are. */

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useCallback, useEffect, useRef, useState } from 'react';
import { type Entity, parseRef, shortRef, titleOf } from '../api/entity';
import { summaryQuery } from '../api/queries';
import { KindIcon } from './KindIcon';
import { useLate } from './late';

interface EntityLinkProps {
  entityRef: string;
  /** What is known already spares a request. */
  entity?: Entity;
  icon?: boolean;
  tabIndex?: number;
}

const HOVER_MS = 300;
/** The way from the link to its card. */
const LEAVE_MS = 120;

const loadCard = () => import('./HoverCard');

export function EntityLink({ entityRef, entity, icon = true, tabIndex }: EntityLinkProps) {
  const ref = parseRef(entityRef);
  const { data } = useQuery({ ...summaryQuery(entityRef), enabled: !entity });
  const known = entity ?? data ?? undefined;
  const hover = useHover();
  const [Card, askCard] = useLate(loadCard);
  const { anchor } = hover;
  useEffect(() => {
    if (anchor) askCard();
  }, [anchor, askCard]);
  return (
    <>
      <Link
        className="entity-link"
        to="/catalog/$namespace/$kind/$name"
        params={ref}
        tabIndex={tabIndex}
        data-missing={data === null ? '' : undefined}
        title={data === null ? 'There is no such entity' : undefined}
        {...hover.ofLink}
      >
        {icon && <KindIcon kind={ref.kind} />}
        <span className="truncate">{known ? titleOf(known) : shortRef(ref)}</span>
      </Link>
      {anchor && Card && data !== null && (
        <Card
          entityRef={entityRef}
          anchor={anchor}
          onEnter={hover.stay}
          onLeave={hover.leave}
          onClose={hover.close}
        />
      )}
    </>
  );
}

/** Where a pointer or the keyboard rests. */
function useHover() {
  const [anchor, setAnchor] = useState<HTMLElement>();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const later = useCallback((next: HTMLElement | undefined, ms: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setAnchor(next), ms);
  }, []);
  useEffect(() => () => clearTimeout(timer.current), []);
  const stay = useCallback(() => clearTimeout(timer.current), []);
  const leave = useCallback(() => later(undefined, LEAVE_MS), [later]);
  const close = useCallback(() => later(undefined, 0), [later]);
  return {
    anchor,
    stay,
    leave,
    close,
    ofLink: {
      onPointerEnter: (event: React.PointerEvent<HTMLElement>) =>
        event.pointerType !== 'touch' && later(event.currentTarget, HOVER_MS),
      onPointerLeave: leave,
      onPointerDown: close,
      onFocus: (event: React.FocusEvent<HTMLElement>) =>
        event.currentTarget.matches(':focus-visible') && later(event.currentTarget, HOVER_MS),
      onBlur: leave,
    },
  };
}
