/** Why an entity may be one that has gone, in words. */

import type { Successor } from '../api/catalog';

const WORDS = {
  kind: undefined,
  name: 'name',
  title: 'title',
  description: 'description',
  spec: 'spec',
};

export function reasonOf({ cameThen, alike }: Pick<Successor, 'cameThen' | 'alike'>): string {
  const place = cameThen ? 'From the same file when this went' : 'From the same file';
  const same = alike.flatMap(part => WORDS[part] ?? []);
  const last = same.at(-1);
  if (last === undefined) return place;
  const list = same.length > 1 ? `${same.slice(0, -1).join(', ')} and ${last}` : last;
  return `${place}, with the same ${list}`;
}
