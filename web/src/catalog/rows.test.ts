import { expect, test } from 'vitest';
import { blocks, type Listing, withoutValue } from './rows';

const byName: Listing = { text: '', sort: { field: 'metadata.name', order: 'asc' } };
const byType: Listing = { ...byName, sort: { field: 'spec.type', order: 'desc' } };

test.each([
  ['the first block is there', byName, 1000, 0, 30, []],
  [
    'a block is loaded where the reader is',
    byName,
    1000,
    480,
    520,
    [
      [400, 400],
      [500, 500],
    ],
  ],
  ['nothing follows the end', byName, 150, 90, 400, [[100, 100]]],
  ['entities without a value follow', byType, 30, 0, 50, [[30, undefined]]],
  [
    'and go on from there',
    byType,
    130,
    120,
    260,
    [
      [100, 100],
      [130, undefined],
      [230, 100],
    ],
  ],
])('%s', (_, listing, sorted, first, last, expected) => {
  const found = blocks(listing, sorted, first, last);
  expect(found.map(block => [block.start, block.query.offset])).toEqual(expected);
});

test('blocks of sorted entities end where the values end', () => {
  expect(blocks(byType, 130, 100, 129).map(block => block.n)).toEqual([30]);
});

test('only fields that may be absent leave entities out', () => {
  expect(withoutValue(byName)).toBeNull();
  expect(withoutValue(byType)?.predicate).toEqual({ $not: { 'spec.type': { $exists: true } } });
});
