/** Records that say the same, one after the other: a list shows them once. */

import type { AuditRecord } from '../../api/admin';

export interface Run {
  /** The newest of them. */
  record: AuditRecord;
  /** The others, newest first. */
  others: AuditRecord[];
}

const SAME = ['action', 'actor', 'onBehalfOf', 'subject', 'outcome', 'detail'] as const;

export function runsOf(records: readonly AuditRecord[]): Run[] {
  const runs: Run[] = [];
  for (const record of records) {
    const last = runs.at(-1);
    if (last && SAME.every(field => last.record[field] === record[field])) last.others.push(record);
    else runs.push({ record, others: [] });
  }
  return runs;
}
