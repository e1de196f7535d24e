/** All entities of a listing as a file, read page by page with a cursor. */

import { catalog } from '../api/catalog';
import { type Entity, refTextOf } from '../api/entity';
import type { Column } from './columns';
import { blockQuery, type Listing, withoutValue } from './rows';

const PAGE = 500;
/** Beyond this the API is the better tool. */
export const MAX_EXPORT = 50_000;

export type Format = 'csv' | 'json';

export async function collect(listing: Listing, isWhole: boolean): Promise<Entity[]> {
  const rest = withoutValue(listing);
  const entities: Entity[] = [];
  for (const part of rest ? [listing, rest] : [listing]) {
    const { fields, ...query } = blockQuery(part, 0, PAGE);
    const projected = isWhole ? undefined : fields;
    let page = await catalog.query({ ...query, fields: projected });
    entities.push(...page.items);
    while (page.pageInfo.nextCursor && entities.length < MAX_EXPORT) {
      const cursor = page.pageInfo.nextCursor;
      page = await catalog.query({ cursor, limit: PAGE, fields: projected });
      entities.push(...page.items);
    }
  }
  return entities.slice(0, MAX_EXPORT);
}

export function toCsv(entities: Entity[], columns: Column[]): string {
  const head = ['ref', ...columns.map(column => column.id)];
  const rows = entities.map(entity => [
    refTextOf(entity),
    ...columns.map(column => column.text(entity)),
  ]);
  return `${[head, ...rows].map(row => row.map(cell).join(',')).join('\r\n')}\r\n`;
}

/** Quoted when needed; what a spreadsheet would take for a formula gets an apostrophe. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function download(name: string, type: string, content: string | Blob): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
