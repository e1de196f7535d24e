/** What somebody can do with an entity: one list for its buttons, its keys and the palette. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
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
  titleOf,
  VIEW_URL,
} from '../api/entity';
import { entityQuery } from '../api/queries';
import { type Command, useCommands } from '../app/commands';
import { stars, useKept } from '../app/kept';
import { router } from '../app/router';
import { toggleStar } from '../app/stars';
import { useKeys } from '../keys/keys';
import { MAY, useMay } from '../session/may';

export interface EntityDeeds {
  isStarred: boolean;
  star: () => void;
  copy: () => void;
  refreshing: { isPending: boolean; isSuccess: boolean; error: Error | null };
  /** Absent for who may not. */
  refresh?: () => void;
  unregister?: () => void;
  /** For what it is about only. */
  useTemplate?: () => void;
  startTemplate?: () => void;
  editCopy?: () => void;
  editUrl?: string;
  viewUrl?: string;
}

/** A refresh is read in the background; its result is looked for after these times. */
const LOOK_AGAIN_MS = [600, 2500];

function webAnnotation(entity: Entity, key: string): string | undefined {
  const url = annotation(entity, key);
  return url && isWebUrl(url) ? url : undefined;
}

/** By its location, or by itself when it is an orphan. */
function useMayUnregister(ref: string): boolean | undefined {
  const byLocation = useMay(MAY.unregister);
  const byItself = useMay(MAY.deleteEntity, ref);
  return byLocation === false ? byItself : byLocation;
}

function useRefresh(entity: Entity) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => catalog.refresh(refTextOf(entity)),
    onSuccess: () => {
      // That it was asked for stands in the history.
      void client.invalidateQueries({ queryKey: ['audit'] });
      const again = () =>
        client.invalidateQueries({ queryKey: entityQuery(refOf(entity)).queryKey });
      for (const wait of LOOK_AGAIN_MS) setTimeout(again, wait);
    },
  });
}

/** What leads to other pages of the portal. */
function journeys(entity: Entity): Pick<EntityDeeds, 'useTemplate' | 'startTemplate' | 'editCopy'> {
  const ref = refTextOf(entity);
  if (entity.kind.toLowerCase() !== 'template')
    return {
      startTemplate: () => void router.navigate({ to: '/create', search: { entity: ref } }),
    };
  const to = '/create/templates/$namespace/$name';
  return {
    useTemplate: () => void router.navigate({ to, params: refOf(entity) }),
    editCopy: () => void router.navigate({ to: '/create/editor', search: { template: ref } }),
  };
}

/** What can be done with an entity, and whether it is about to be unregistered. */
export function useDeeds(entity: Entity): [EntityDeeds, boolean, (isLeaving: boolean) => void] {
  const ref = refTextOf(entity);
  const [isLeaving, setLeaving] = useState(false);
  const refreshing = useRefresh(entity);
  const mayRefresh = useMay(MAY.refresh, ref);
  const mayUnregister = useMayUnregister(ref);
  const deeds: EntityDeeds = {
    ...journeys(entity),
    isStarred: useKept(stars).includes(ref),
    star: () => toggleStar(ref),
    copy: () => void navigator.clipboard.writeText(ref),
    refreshing,
    refresh: mayRefresh === false ? undefined : () => refreshing.mutate(),
    unregister: mayUnregister === false ? undefined : () => setLeaving(true),
    editUrl: webAnnotation(entity, EDIT_URL),
    viewUrl: webAnnotation(entity, VIEW_URL) ?? locationUrl(annotation(entity, MANAGED_BY)),
  };
  useDeedKeys(deeds);
  useCommands(titleOf(entity), commandsOf(entity, deeds));
  return [deeds, isLeaving, setLeaving];
}

function useDeedKeys({ isStarred, star, copy, refresh }: EntityDeeds): void {
  const group = 'Entity';
  useKeys([
    { keys: 's', label: isStarred ? 'Remove the star' : 'Star', group, run: star },
    { keys: 'y', label: 'Copy the reference', group, run: copy },
    ...(refresh ? [{ keys: 'r', label: 'Refresh', group, run: refresh }] : []),
  ]);
}

const visit = (url: string | undefined) =>
  url === undefined ? undefined : () => void window.open(url, '_blank', 'noreferrer');

/** As the palette lists them. */
export function commandsOf(entity: Entity, deeds: EntityDeeds): Command[] {
  const toTab = (tab: string) => () =>
    void router.navigate({
      to: '/catalog/$namespace/$kind/$name/$tab',
      params: { ...refOf(entity), tab },
    });
  const all: [string, string, string, (() => void) | undefined][] = [
    ['star', deeds.isStarred ? 'Remove the star' : 'Star', 'pin favourite', deeds.star],
    ['copy', 'Copy the reference', 'clipboard ref', deeds.copy],
    ['refresh', 'Refresh', 'read again reload', deeds.refresh],
    ['use', 'Use this template', 'create start run', deeds.useTemplate],
    ['change', 'Change it with a template', 'create start scaffolder', deeds.startTemplate],
    ['edit-copy', 'Edit a copy', 'template editor', deeds.editCopy],
    ['edit', 'Edit the source', 'file yaml change', visit(deeds.editUrl)],
    ['view', 'View the source', 'file repository', visit(deeds.viewUrl)],
    ['explain', 'Explain where its values come from', 'origin fields why', toTab('explain')],
    ['history', 'Show its history', 'changes audit', toTab('history')],
    ['raw', 'Show its YAML', 'json source raw', toTab('raw')],
    ['unregister', 'Unregister…', 'delete remove', deeds.unregister],
  ];
  return all.flatMap(([id, title, words, run]) => (run ? [{ id, title, words, run }] : []));
}
