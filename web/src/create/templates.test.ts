import { expect, test } from 'vitest';
import type { Entity } from '../api/entity';
import { countsOf, isFound, tagsOf, typeOf } from './templates';

const template: Entity = {
  apiVersion: 'scaffolder.backstage.io/v1beta3',
  kind: 'Template',
  metadata: { name: 'rust-service', title: 'Rust service', tags: ['rust'], description: 'Small' },
  spec: { type: 'service' },
  relations: [{ type: 'ownedBy', targetRef: 'group:default/dx' }],
};
const asker = { ownershipRefs: ['group:default/dx'], stars: [] };

test('a template is found by all words, and by what it is', () => {
  const cases: [Parameters<typeof isFound>[1], boolean][] = [
    [{}, true],
    [{ find: 'SMALL rust' }, true],
    [{ find: 'small java' }, false],
    [{ type: 'service', tag: 'rust' }, true],
    [{ type: 'website' }, false],
    [{ tag: 'java' }, false],
    [{ show: 'owned' }, true],
    [{ show: 'starred' }, false],
  ];
  for (const [filter, found] of cases) {
    expect(isFound(template, filter, asker), JSON.stringify(filter)).toBe(found);
  }
});

test('values are counted', () => {
  const other = { ...template, spec: { type: 'website' } };
  expect(countsOf([template, other, template], typeOf)).toEqual([
    ['service', 2],
    ['website', 1],
  ]);
  expect(countsOf([template], tagsOf)).toEqual([['rust', 1]]);
});
