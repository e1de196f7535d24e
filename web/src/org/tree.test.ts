import { expect, test } from 'vitest';
import type { Entity } from '../api/entity';
import { type GroupNode, treeOf, withDescendants } from './tree';

const group = (name: string, parent?: string): Entity => ({
  apiVersion: 'v1',
  kind: 'Group',
  metadata: { name },
  spec: { parent },
});
const shape = (nodes: GroupNode[]): unknown[] =>
  nodes.map(({ entity, children }) =>
    children.length ? [entity.metadata.name, shape(children)] : entity.metadata.name,
  );

test.each([
  ['a tree', [group('b', 'a'), group('a'), group('c', 'group:default/b')], [['a', [['b', ['c']]]]]],
  ['an unknown parent', [group('a', 'gone')], ['a']],
  ['another namespace', [group('a'), group('b', 'other/a')], ['a', 'b']],
  ['a circle', [group('a', 'b'), group('b', 'a'), group('c', 'b')], ['a', ['b', ['c']]]],
  ['itself', [group('a', 'a')], ['a']],
])('%s', (_, groups, expected) => {
  expect(shape(treeOf(groups))).toEqual(expected);
});

test.each([
  ['b', [group('a'), group('b', 'a'), group('c', 'b'), group('d', 'c')], ['b', 'c', 'd']],
  ['a', [group('a', 'b'), group('b', 'a')], ['a', 'b']],
  ['x', [], ['x']],
])('below %s', (name, groups, expected) => {
  const refs = expected.map(it => `group:default/${it}`);
  expect(withDescendants(`group:default/${name}`, groups)).toEqual(refs);
});
