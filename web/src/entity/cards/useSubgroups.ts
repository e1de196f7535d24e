/** Whether a group means itself or everything below it, too. */

import { useQuery } from '@tanstack/react-query';
import { type Entity, refTextOf, relationsOf } from '../../api/entity';
import { groupsQuery } from '../../api/queries';
import { withDescendants } from '../../org/tree';

export interface Subgroups {
  /** The group and, as far as they are known, the groups below it. */
  refs: string[];
  hasChildren: boolean;
}

export function useSubgroups(entity: Entity): Subgroups {
  const hasChildren = entity.kind === 'Group' && relationsOf(entity, 'parentOf').length > 0;
  const { data } = useQuery({ ...groupsQuery, enabled: hasChildren });
  const own = refTextOf(entity);
  return { refs: data ? withDescendants(own, data.items) : [own], hasChildren };
}
