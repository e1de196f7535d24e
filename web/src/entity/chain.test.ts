import { expect, test } from 'vitest';
import { type Ancestor, chainOf } from './chain';

const item = (name: string, ...parents: string[]): Ancestor => ({
  entity: { apiVersion: '', kind: 'Location', metadata: { name } },
  parentEntityRefs: parents.map(parent => `location:default/${parent}`),
});

test.each([
  ['a chain', [item('c', 'b'), item('b', 'a'), item('a')], 'a0 b1 c2'],
  ['two ways', [item('c', 'a', 'b'), item('b', 'a'), item('a')], 'a0 b1 c2'],
  ['a circle', [item('c', 'b'), item('b', 'c')], 'b0 c1'],
  ['a parent that may not be seen', [item('c', 'gone')], 'c0'],
])('%s', (_, ancestors, expected) => {
  const links = chainOf('location:default/c', ancestors);
  expect(links.map(({ entity, depth }) => `${entity.metadata.name}${depth}`).join(' ')).toBe(
    expected,
  );
});
