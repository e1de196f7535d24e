import { expect, test } from 'vitest';
import { predicateOfFilter, queryOf } from './catalogFilter';

test('filters of fields are predicates of the catalog', () => {
  expect(predicateOfFilter({ kind: 'Group' })).toEqual({ kind: 'Group' });
  expect(predicateOfFilter({ kind: ['Group', 'User'], 'spec.type': 'team' })).toEqual({
    $all: [{ kind: { $in: ['Group', 'User'] } }, { 'spec.type': 'team' }],
  });
  expect(predicateOfFilter([{ kind: 'API' }, { 'metadata.tags': { exists: true } }])).toEqual({
    $any: [{ kind: 'API' }, { 'metadata.tags': { $exists: true } }],
  });
  expect(predicateOfFilter(undefined)).toBeUndefined();
  expect(queryOf({}, ['Group', 'User'])).toEqual({ kind: { $in: ['Group', 'User'] } });
  expect(queryOf({ allowedKinds: ['System'] })).toEqual({ kind: { $in: ['System'] } });
  expect(queryOf({})).toBeUndefined();
});
