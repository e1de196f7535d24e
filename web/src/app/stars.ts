/**
 * Starred entities, kept by the portal for each user, where a Backstage front end keeps them, too.
 * The browser has a copy, so that they are there at once and without a network.
 */

import { useQuery } from '@tanstack/react-query';
import { request } from '../api/client';
import { useUser } from '../session/useSession';
import { stars } from './kept';
import { told } from './told';

const PLACE = { bucket: 'default.starredEntities', key: 'entityRefs' };
const ADDRESS = `/api/user-settings/buckets/${PLACE.bucket}/keys/${PLACE.key}`;

/** None for who never starred anything; asked for so, that is no error. */
async function load(): Promise<string[]> {
  const { items } = await request<{ items: ({ value: unknown } | null)[] }>(
    '/api/user-settings/multiget',
    { method: 'POST', body: { items: [PLACE] } },
  );
  const value = items[0]?.value;
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : [];
}

/** Changes of stars, one after the other: each reads and writes the whole list. */
let writing: Promise<unknown> = Promise.resolve();
let changes = 0;

/** Stars an entity or takes the star away; it comes back when the portal refuses. */
export function toggleStar(ref: string): void {
  stars.toggle(ref);
  changes += 1;
  const isOn = stars.has(ref);
  writing = writing
    .then(() => saveStar(ref, isOn))
    .catch((error: Error) => {
      if (stars.has(ref) === isOn) stars.toggle(ref);
      told.set(`The star could not be kept: ${error.message}`);
    });
}

/** As often a star is written while others write the list at the same moment. */
const MAX_TRIES = 5;

interface StarStore {
  load: () => Promise<string[]>;
  write: (refs: string[]) => Promise<unknown>;
}

const portal: StarStore = {
  load,
  write: value => request(ADDRESS, { method: 'PUT', body: { value } }),
};

/**
 * Changes one star of the list that the portal has by now: other browsers write it, too. The portal
 * only takes whole lists, so it is looked at again whether another one has come over this one.
 */
export async function saveStar(ref: string, isOn: boolean, store = portal): Promise<void> {
  for (let n = 0; n < MAX_TRIES; n += 1) {
    const now = await store.load();
    if (now.includes(ref) === isOn) return;
    await store.write(isOn ? [ref, ...now] : now.filter(other => other !== ref));
  }
  const kept = await store.load();
  if (kept.includes(ref) !== isOn) throw new Error('others keep writing the list; try again');
}

/** Brings the stars of this user into the browser. */
export function useStarsOfUser(): void {
  const { userEntityRef } = useUser();
  useQuery({
    queryKey: ['stars', userEntityRef],
    queryFn: async () => {
      await writing;
      const before = changes;
      const refs = await load();
      // What was starred meanwhile is newer than this answer.
      if (before === changes) stars.replace(refs);
      return null;
    },
    enabled: userEntityRef !== '',
  });
}
