import { expect, test } from 'vitest';
import { rank, score } from './rank';

test.each([
  ['ledger', ['ledger-db', 'old-ledger', 'ledger'], ['ledger', 'ledger-db', 'old-ledger']],
  [
    'seat map',
    ['seat-map-api', 'mapper', 'seat map renderer'],
    ['seat map renderer', 'seat-map-api'],
  ],
  ['rsv', ['reservation-service', 'ledger'], ['reservation-service']],
  ['', ['b', 'a'], ['b', 'a']],
  ['zzz', ['a'], []],
])('%j finds in order', (sought, items, expected) => {
  expect(rank(sought, items, item => item)).toEqual(expected);
});

test('an exact name beats everything', () => {
  expect(score('gate', 'gate')).toBeGreaterThan(score('gate', 'gate-service'));
});
