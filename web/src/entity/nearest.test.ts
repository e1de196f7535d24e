import { expect, test } from 'vitest';
import { distance, nearest } from './nearest';

test.each([
  ['', '', 0],
  ['abc', 'abc', 0],
  ['abc', '', 3],
  ['kitten', 'sitting', 3],
])('%j and %j differ by %i', (a, b, expected) => {
  expect(distance(a, b)).toBe(expected);
});

test('names count more than kinds', () => {
  const found = nearest('component:default/ledgr', [
    'component:default/loader',
    'api:default/ledger',
    'component:default/ledger',
  ]);
  expect(found).toEqual([
    'component:default/ledger',
    'api:default/ledger',
    'component:default/loader',
  ]);
});
