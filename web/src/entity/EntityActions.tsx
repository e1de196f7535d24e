/** What can be done with an entity. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import {
  Link2,
  MoreHorizontal,
  Pencil,
  RotateCw,
  SquareArrowOutUpRight,
  SquarePen,
  Star,
  Trash2,
  WandSparkles,
} from 'lucide-react';
import { useState } from 'react';
import { catalog } from '../api/catalog';
import {
  annotation,
  EDIT_URL,
  type Entity,
  isWebUrl,
  locationUrl,
  MANAGED_BY,
  refOf,
  refTextOf,
  VIEW_URL,
} from '../api/entity';
import { entityQuery } from '../api/queries';
import { stars, useKept } from '../app/kept';
import { router } from '../app/router';
import { toggleStar } from '../app/stars';
import { useKeys } from '../keys/keys';
import { deniedTitle, MAY, useMay } from '../session/may';
import { Button, IconButton } from '../ui/Button';
import { Menu, MenuItem, MenuLine, MenuLink } from '../ui/Menu';
import { Notice } from '../ui/Small';
import { UnregisterDialog } from './UnregisterDialog';

function webAnnotation(entity: Entity, key: string): string | undefined {
  const url = annotation(entity, key);
  return url && isWebUrl(url) ? url : undefined;
}

/** A refresh is read in the background; its result is looked for after these times. */
const LOOK_AGAIN_MS = [600, 2500];

/** By its location, or by itself when it is an orphan. */
function useMayUnregister(ref: string): boolean | undefined {
  const byLocation = useMay(MAY.unregister);
  const byItself = useMay(MAY.deleteEntity, ref);
  return byLocation === false ? byItself : byLocation;
}

export function EntityActions({ entity }: { entity: Entity }) {
  const ref = refTextOf(entity);
  const client = useQueryClient();
  const isStarred = useKept(stars).includes(ref);
  const [isLeaving, setLeaving] = useState(false);
  const refresh = useMutation({
    mutationFn: () => catalog.refresh(ref),
    onSuccess: () => {
      // That it was asked for stands in the history.
      void client.invalidateQueries({ queryKey: ['audit'] });
      const again = () =>
        client.invalidateQueries({ queryKey: entityQuery(refOf(entity)).queryKey });
      for (const wait of LOOK_AGAIN_MS) setTimeout(again, wait);
    },
  });
  const mayRefresh = useMay(MAY.refresh, ref);
  const mayUnregister = useMayUnregister(ref);
  const edit = webAnnotation(entity, EDIT_URL);
  const view = webAnnotation(entity, VIEW_URL) ?? locationUrl(annotation(entity, MANAGED_BY));
  const copy = () => void navigator.clipboard.writeText(ref);
  const group = 'Entity';
  useKeys([
    {
      keys: 's',
      label: isStarred ? 'Remove the star' : 'Star',
      group,
      run: () => toggleStar(ref),
    },
    { keys: 'y', label: 'Copy the reference', group, run: copy },
    { keys: 'r', label: 'Refresh', group, run: () => mayRefresh !== false && refresh.mutate() },
  ]);
  return (
    <>
      {refresh.error && <Notice tone="error">{refresh.error.message}</Notice>}
      <IconButton
        label={isStarred ? 'Remove the star' : 'Star'}
        aria-pressed={isStarred}
        onClick={() => toggleStar(ref)}
      >
        <Star
          fill={isStarred ? 'currentColor' : 'none'}
          className={isStarred ? 'starred' : undefined}
        />
      </IconButton>
      {entity.kind.toLowerCase() === 'template' && (
        <Link
          className="btn"
          data-variant="primary"
          to="/create/templates/$namespace/$name"
          params={refOf(entity)}
        >
          Use this template
        </Link>
      )}
      {edit && (
        <a className="btn" href={edit} target="_blank" rel="noreferrer">
          <Pencil aria-hidden /> Edit
        </a>
      )}
      <Button
        onClick={() => refresh.mutate()}
        disabled={refresh.isPending || mayRefresh === false}
        title={deniedTitle(mayRefresh, MAY.refresh)}
      >
        <RotateCw aria-hidden /> {refresh.isSuccess ? 'Refreshed' : 'Refresh'}
      </Button>
      <Menu
        trigger={
          <IconButton label="More actions">
            <MoreHorizontal />
          </IconButton>
        }
      >
        <MenuItem icon={<Link2 />} onSelect={copy}>
          Copy the reference
        </MenuItem>
        {entity.kind.toLowerCase() !== 'template' && (
          <MenuItem
            icon={<WandSparkles />}
            onSelect={() => void router.navigate({ to: '/create', search: { entity: ref } })}
          >
            Change it with a template
          </MenuItem>
        )}
        {entity.kind.toLowerCase() === 'template' && (
          <MenuItem
            icon={<SquarePen />}
            onSelect={() =>
              void router.navigate({ to: '/create/editor', search: { template: ref } })
            }
          >
            Edit a copy
          </MenuItem>
        )}
        {view && (
          <MenuLink href={view} icon={<SquareArrowOutUpRight />}>
            View the source
          </MenuLink>
        )}
        <MenuLine />
        <MenuItem
          icon={<Trash2 />}
          tone="danger"
          disabled={mayUnregister === false}
          onSelect={() => setLeaving(true)}
        >
          {mayUnregister === false ? 'Unregister… (not allowed)' : 'Unregister…'}
        </MenuItem>
      </Menu>
      {isLeaving && <UnregisterDialog entity={entity} onClose={() => setLeaving(false)} />}
    </>
  );
}
