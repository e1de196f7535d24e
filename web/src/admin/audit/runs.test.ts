import { expect, test } from 'vitest';
import type { AuditRecord } from '../../api/admin';
import { runsOf } from './runs';

function record(seq: number, action: string, more: Partial<AuditRecord> = {}): AuditRecord {
  return {
    seq,
    at: seq,
    via: 'api',
    action,
    actor: 'user:default/ann',
    onBehalfOf: null,
    client: null,
    address: null,
    subject: 'user:default/ann',
    before: null,
    after: null,
    outcome: 'succeeded',
    detail: null,
    requestId: String(seq),
    hash: String(seq),
    ...more,
  };
}

test('records that say the same in a row are one, and nothing gets lost', () => {
  const begin = 'auth.session.begin';
  const runs = runsOf([
    record(7, begin),
    record(6, begin),
    record(5, begin, { outcome: 'denied' }),
    record(4, begin, { actor: 'user:default/bob' }),
    record(3, 'catalog.location.create'),
    record(2, begin),
  ]);
  expect(runs.map(run => [run.record.seq, run.others.map(it => it.seq)])).toEqual([
    [7, [6]],
    [5, []],
    [4, []],
    [3, []],
    [2, []],
  ]);
  expect(runsOf([])).toEqual([]);
});
