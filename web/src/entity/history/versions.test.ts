import { expect, test } from 'vitest';
import type { Entity } from '../../api/entity';
import { changedLines, withVersion } from './versions';

const entity = (etag: string, description: string): Entity => ({
  apiVersion: 'v1',
  kind: 'Component',
  metadata: { name: 'a', etag, description },
});

test('a version is kept once, the latest first', () => {
  let versions = withVersion([], entity('1', 'x'), 1);
  versions = withVersion(versions, entity('1', 'x'), 2);
  versions = withVersion(versions, entity('2', 'y'), 3);
  expect(versions.map(({ at, etag }) => [at, etag])).toEqual([
    [3, '2'],
    [1, '1'],
  ]);
  for (let at = 0; at < 50; at += 1) versions = withVersion(versions, entity(`${at}+`, ''), at);
  expect(versions).toHaveLength(20);
});

test('what differs is told line by line, without the number of the version', () => {
  expect(changedLines(entity('1', 'x'), entity('2', 'y'))).toMatchObject([
    { sort: 'removed', text: '  description: x' },
    { sort: 'added', text: '  description: y' },
  ]);
  expect(changedLines(entity('1', 'x'.repeat(600_000)), entity('2', 'y'))).toBeUndefined();
});
