import { afterEach, expect, test, vi } from 'vitest';
import { type Condition, type Policy, permissions, type Role } from '../../api/permission';
import {
  difference,
  draftOf,
  EMPTY,
  effectOf,
  faultsOf,
  type RoleDraft,
  refOf,
  SaveError,
  save,
  withEffect,
} from './draft';

afterEach(() => void vi.restoreAllMocks());

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

/** Saves with a portal that refuses one sort of request; what it was asked before, and the error. */
async function refusedAt(refused: string, draft: RoleDraft, before: typeof stored | undefined) {
  const asked: string[] = [];
  const calls = [
    'createRole',
    'updateRole',
    'removePolicies',
    'addPolicies',
    'addCondition',
    'updateCondition',
    'removeCondition',
  ] as const;
  for (const call of calls) {
    vi.spyOn(permissions, call).mockImplementation((async () => {
      if (call === refused) throw new Error('no');
      asked.push(call);
      return { id: 70 + asked.length };
    }) as never);
  }
  const error = await save(draft, before).then(
    () => undefined,
    (it: unknown) => it,
  );
  return { asked, error };
}

test('what was saved before a refusal is told, and what was not', async () => {
  const [first] = draftOf(stored).conditions;
  if (!first) throw new Error('there is one');
  const made = { ...first, id: undefined, key: 'new' };
  let draft: RoleDraft = { ...draftOf(stored), conditions: [made] };
  draft = withEffect(draft, 'a', 'read', undefined);
  draft = withEffect(draft, 'c', 'read', 'allow');
  const { asked, error } = await refusedAt('addPolicies', draft, stored);
  expect(asked).toEqual(['removePolicies', 'removeCondition', 'updateRole', 'addCondition']);
  expect(error).toBeInstanceOf(SaveError);
  expect(error).toMatchObject({
    message: 'no',
    saved: [
      '1 permission taken away',
      'a condition removed',
      'members and description',
      'a condition added',
    ],
    left: ['1 permission given'],
    // Saving again must not add it twice.
    draft: { conditions: [{ key: 'new', id: 74 }] },
  });
});

test('a role that is refused as a whole was not saved at all', async () => {
  const draft = { ...EMPTY, name: 'team', members: ['user:default/a'] };
  const { asked, error } = await refusedAt('createRole', draft, undefined);
  expect(asked).toEqual([]);
  expect(error).toMatchObject({ saved: [], left: ['the role with its members'] });
  expect((await refusedAt('nothing', draft, undefined)).error).toBeUndefined();
});
