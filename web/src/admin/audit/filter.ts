/** Filters of the audit log: as the address has them, and as the portal takes them. */

export const FILTERS = [
  'actor',
  'onBehalfOf',
  'action',
  'subject',
  'outcome',
  'requestId',
  'since',
  'until',
] as const;

export type AuditFilter = { [key in (typeof FILTERS)[number]]?: string };

/** A time of a form has no zone: it is that of the reader. */
export function toQuery(filter: AuditFilter): Record<string, string> {
  const query: Record<string, string> = {};
  for (const name of FILTERS) {
    const value = filter[name]?.trim();
    if (!value) continue;
    if (name !== 'since' && name !== 'until') {
      query[name] = value;
      continue;
    }
    const time = new Date(value);
    if (!Number.isNaN(time.getTime())) query[name] = time.toISOString();
  }
  return query;
}
