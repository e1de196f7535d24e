/** Which notifications a page of them shows, as it stands in the address. */

import { SEVERITIES, type Severity } from '../api/notifications';

export const FILTERS = ['show', 'find', 'severity', 'topic', 'sort', 'page'] as const;
export type Filter = { [key in (typeof FILTERS)[number]]?: string };

export const PAGE = 50;

/** What is shown without a choice comes first. */
export const SHOWN = ['unread', 'read', 'saved', 'all'] as const;
export type Shown = (typeof SHOWN)[number];

const MARKS: Record<Shown, [string, string][]> = {
  unread: [['read', 'false']],
  read: [['read', 'true']],
  saved: [['saved', 'true']],
  all: [],
};

export const SORTS = { newest: 'created,desc', oldest: 'created,asc', severity: 'severity,desc' };
export type Sort = keyof typeof SORTS;

function oneOf<T extends string>(all: readonly T[], text: string | undefined): T | undefined {
  return all.find(it => it === text);
}

export function shownOf({ show }: Filter): Shown {
  return oneOf(SHOWN, show) ?? 'unread';
}

export function sortOf({ sort }: Filter): Sort {
  return oneOf(['newest', 'oldest', 'severity'] as const, sort) ?? 'newest';
}

export function severityOf({ severity }: Filter): Severity | undefined {
  return oneOf(SEVERITIES, severity);
}

/** Counted from zero. */
export function pageOf({ page }: Filter): number {
  const number = Number(page ?? 0);
  return Number.isInteger(number) && number > 0 ? number : 0;
}

/** What the portal is asked to look for, whatever is read of it. */
export function matching(filter: Filter): [string, string][] {
  const query: [string, string][] = [];
  const severity = severityOf(filter);
  if (severity) query.push(['minimumSeverity', severity]);
  if (filter.topic) query.push(['topic', filter.topic]);
  if (filter.find?.trim()) query.push(['search', filter.find.trim()]);
  return query;
}

/** The request for one page. */
export function toQuery(filter: Filter): [string, string][] {
  return [
    ...MARKS[shownOf(filter)],
    ...matching(filter),
    ['orderField', SORTS[sortOf(filter)]],
    ['limit', String(PAGE)],
    ['offset', String(pageOf(filter) * PAGE)],
  ];
}
