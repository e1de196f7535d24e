import { expect, test } from 'vitest';
import { type Filter, matching, toQuery } from './filter';

const NEWEST: [string, string][] = [
  ['orderField', 'created,desc'],
  ['limit', '50'],
];

test.each<[Filter, [string, string][]]>([
  [{}, [['read', 'false'], ...NEWEST, ['offset', '0']]],
  [{ show: 'all' }, [...NEWEST, ['offset', '0']]],
  [
    { show: 'nonsense', page: '-3', sort: 'by taste' },
    [['read', 'false'], ...NEWEST, ['offset', '0']],
  ],
  [
    {
      show: 'saved',
      severity: 'high',
      topic: 'builds',
      find: ' red ',
      page: '2',
      sort: 'severity',
    },
    [
      ['saved', 'true'],
      ['minimumSeverity', 'high'],
      ['topic', 'builds'],
      ['search', 'red'],
      ['orderField', 'severity,desc'],
      ['limit', '50'],
      ['offset', '100'],
    ],
  ],
])('%j', (filter, query) => expect(toQuery(filter)).toEqual(query));

test('what is marked all at once is what the filters leave', () => {
  expect(matching({ show: 'saved', severity: 'urgent', find: ' ' })).toEqual([]);
});
