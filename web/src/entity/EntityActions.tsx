/** The buttons of an entity. */

import { Link } from '@tanstack/react-router';
import { MoreHorizontal, Pencil, RotateCw, Star } from 'lucide-react';
import { useEffect } from 'react';
import { type Entity, refOf } from '../api/entity';
import { deniedTitle, MAY } from '../session/may';
import { Button, IconButton } from '../ui/Button';
import { LateMenu, useLate } from '../ui/late';
import { Notice } from '../ui/Small';
import { type EntityDeeds, useDeeds } from './useDeeds';

const loadMenu = () => import('./EntityMenu');
const loadUnregister = () => import('./UnregisterDialog');

export function EntityActions({ entity }: { entity: Entity }) {
  const [deeds, isLeaving, setLeaving] = useDeeds(entity);
  const [Unregister, askUnregister] = useLate(loadUnregister);
  useEffect(() => {
    if (isLeaving) askUnregister();
  }, [isLeaving, askUnregister]);
  const { refreshing } = deeds;
  const more = (
    <IconButton label="More actions">
      <MoreHorizontal />
    </IconButton>
  );
  return (
    <>
      {refreshing.error && <Notice tone="error">{refreshing.error.message}</Notice>}
      <StarButton deeds={deeds} />
      {deeds.useTemplate && (
        <Link
          className="btn"
          data-variant="primary"
          to="/create/templates/$namespace/$name"
          params={refOf(entity)}
        >
          Use this template
        </Link>
      )}
      {deeds.editUrl && (
        <a className="btn" href={deeds.editUrl} target="_blank" rel="noreferrer">
          <Pencil aria-hidden /> Edit
        </a>
      )}
      <Button
        onClick={deeds.refresh}
        disabled={refreshing.isPending || !deeds.refresh}
        title={deniedTitle(deeds.refresh ? undefined : false, MAY.refresh)}
      >
        <RotateCw aria-hidden /> {refreshing.isSuccess ? 'Refreshed' : 'Refresh'}
      </Button>
      <LateMenu trigger={more} load={loadMenu} menu={{ deeds }} />
      {isLeaving && Unregister && <Unregister entity={entity} onClose={() => setLeaving(false)} />}
    </>
  );
}

function StarButton({ deeds: { isStarred, star } }: { deeds: EntityDeeds }) {
  return (
    <IconButton
      label={isStarred ? 'Remove the star' : 'Star'}
      aria-pressed={isStarred}
      onClick={star}
    >
      <Star
        fill={isStarred ? 'currentColor' : 'none'}
        className={isStarred ? 'starred' : undefined}
      />
    </IconButton>
  );
}
