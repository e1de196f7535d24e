import { expect, test } from 'vitest';
import type { Condition, Policy, Role } from '../../api/permission';
import { difference, draftOf, EMPTY, effectOf, faultsOf, refOf, withEffect } from './draft';

const role: Role = {
  name: 'role:default/team',
  memberReferences: ['group:default/a'],
  metadata: { source: 'rest', description: 'A team' },
};
const policy = (permission: string, effect: 'allow' | 'deny' = 'allow'): Policy => ({
  entityReference: role.name,
  permission,
  policy: 'read',
  effect,
});
const condition: Condition = {
  id: 7,
  result: 'CONDITIONAL',
  roleEntityRef: role.name,
  pluginId: 'catalog',
  resourceType: 'catalog-entity',
  permissionMapping: ['delete'],
  conditions: { anyOf: [] },
};
const stored = { role, policies: [policy('a'), policy('b')], conditions: [condition] };

test('a form that is left alone changes nothing', () => {
  const { removed, added, gone, changed, made } = difference(draftOf(stored), stored);
  expect([removed, added, gone, changed, made]).toEqual([[], [], [], [], []]);
  expect(refOf(draftOf(stored))).toBe(role.name);
});

test('only what differs is removed and added', () => {
  let draft = withEffect(draftOf(stored), 'a', 'read', undefined);
  draft = withEffect(draft, 'b', 'read', 'deny');
  expect(effectOf(draft, 'b', 'read')).toBe('deny');
  const { removed, added } = difference(draft, stored);
  expect(removed).toEqual([policy('a'), policy('b')]);
  expect(added).toEqual([policy('b', 'deny')]);
});

test('conditions are made, changed and removed by their number', () => {
  const draft = draftOf(stored);
  const [first] = draft.conditions;
  if (!first) throw new Error('there is one');
  const other = { ...first, id: undefined, key: 'new' };
  expect(difference({ ...draft, conditions: [other] }, stored)).toMatchObject({
    gone: [7],
    made: [other],
    changed: [],
  });
  const more = { ...first, permissionMapping: ['read' as const] };
  expect(difference({ ...draft, conditions: [more] }, stored).changed).toEqual([more]);
});

test('names and members are asked for', () => {
  expect(Object.keys(faultsOf(EMPTY))).toEqual(['name', 'members']);
  const fine = { ...EMPTY, members: ['user:default/a'] };
  for (const name of ['a', 'release-managers', 'team/x_1'])
    expect(faultsOf({ ...fine, name })).toEqual({});
  for (const name of ['', 'a b', '-a', 'role:default/a']) {
    expect(faultsOf({ ...fine, name }).name, name).toBeDefined();
  }
});
