/** Brings what is shown up to date: the entities that changed at once, lists now and then. */

import type { QueryClient } from '@tanstack/react-query';
import type { Change } from './follow';

/** Queries over many entities, which any change may change. */
export const LISTS = new Set([
  'ancestry',
  'attention',
  'conflicts',
  'errors',
  'facets',
  'graph',
  'graph-start',
  'groups',
  'held',
  'kinds',
  'leaving',
  'locations',
  'members',
  'mine',
  'near',
  'owned',
  'people',
  'picker',
  'rows',
  'tags',
  'templates',
  'unregister',
]);
const ONES = ['entity', 'summary', 'times'];
/** Changes mostly come in groups. */
const DELAY_MS = 300;
const GAP_MS = 2000;

/** Applies changes to what the client has. */
export function refresher(client: QueryClient): {
  apply: (change: Change) => void;
  stop: () => void;
} {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = Number.NEGATIVE_INFINITY;
  const refreshLists = () => {
    timer = undefined;
    last = Date.now();
    void client.invalidateQueries({ predicate: ({ queryKey }) => LISTS.has(String(queryKey[0])) });
  };
  const apply = (change: Change) => {
    if (change.kind === 'ready') return;
    if (change.kind === 'reset') {
      for (const kind of ONES) void client.invalidateQueries({ queryKey: [kind] });
    } else {
      for (const ref of [...change.changed, ...change.removed])
        for (const kind of ONES) void client.invalidateQueries({ queryKey: [kind, ref] });
    }
    timer ??= setTimeout(refreshLists, Math.max(DELAY_MS, last + GAP_MS - Date.now()));
  };
  return { apply, stop: () => clearTimeout(timer) };
}
