/** The templates of the catalog, and which of them are looked for. */

import { queryOptions } from '@tanstack/react-query';
import { catalog } from '../api/catalog';
import { type Entity, refTextOf, relationsOf, specText, titleOf } from '../api/entity';

/** More than anybody has; the page says when there are more. */
export const MAX_TEMPLATES = 1000;

export const templatesQuery = queryOptions({
  queryKey: ['templates'],
  queryFn: ({ signal }) =>
    catalog.query(
      {
        query: { kind: 'template' },
        limit: MAX_TEMPLATES,
        orderBy: [{ field: 'metadata.name', order: 'asc' }],
        fields: [
          'kind',
          'metadata.name',
          'metadata.namespace',
          'metadata.title',
          'metadata.description',
          'metadata.tags',
          'metadata.links',
          'metadata.annotations',
          'spec.type',
          'spec.owner',
          'relations',
        ],
      },
      signal,
    ),
});

export interface TemplateFilter {
  find?: string;
  type?: string;
  tag?: string;
  show?: string;
}

export interface Asker {
  ownershipRefs: readonly string[];
  stars: readonly string[];
}

export function isFound(template: Entity, filter: TemplateFilter, asker: Asker): boolean {
  const { find = '', type, tag, show } = filter;
  if (type && specText(template, 'type') !== type) return false;
  if (tag && !template.metadata.tags?.includes(tag)) return false;
  if (show === 'starred' && !asker.stars.includes(refTextOf(template))) return false;
  const owners = relationsOf(template, 'ownedBy');
  if (show === 'owned' && !owners.some(owner => asker.ownershipRefs.includes(owner))) return false;
  const { name, description = '', tags = [] } = template.metadata;
  const text = [titleOf(template), name, description, ...tags].join(' ').toLowerCase();
  return find
    .toLowerCase()
    .split(/\s+/)
    .every(word => text.includes(word));
}

/** Values with how many templates have them, the most common first. */
export function countsOf(
  templates: readonly Entity[],
  of: (template: Entity) => string[],
): [string, number][] {
  const counts = new Map<string, number>();
  for (const template of templates) {
    for (const value of of(template)) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts].sort(([a, n], [b, m]) => m - n || a.localeCompare(b));
}

export const typeOf = (template: Entity): string[] => {
  const type = specText(template, 'type');
  return type ? [type] : [];
};

export const tagsOf = (template: Entity): string[] => template.metadata.tags ?? [];
