import { expect, test } from 'vitest';
import { type Description, faultsOf, readFile, toYaml } from './describe';

const given: Description = {
  kind: 'Component',
  name: 'shop',
  title: '',
  description: 'Sells: things',
  type: 'service',
  lifecycle: 'production',
  owner: 'group:default/team-a',
  parent: 'system:retail/shop',
  tags: 'Rust, web',
};

test('a form becomes a file that says only what was filled in', () => {
  expect(toYaml(given)).toBe(`apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: shop
  description: "Sells: things"
  tags:
    - rust
    - web
spec:
  type: service
  lifecycle: production
  owner: team-a
  system: retail/shop
`);
  const domain = toYaml({ ...given, kind: 'Domain', description: '', tags: '' });
  expect(domain).not.toContain('lifecycle');
  expect(domain).not.toContain('system');
  expect(toYaml({ ...given, owner: 'user:default/ann' })).toContain('owner: user:default/ann');
});

test('what is missing is asked for', () => {
  expect(faultsOf(given)).toEqual({});
  const faults = faultsOf({ ...given, name: 'a b', owner: '', type: ' ' });
  expect(Object.keys(faults)).toEqual(['name', 'owner', 'type']);
  expect(faultsOf({ ...given, kind: 'Domain', type: '' })).toEqual({});
});

test('files are read entity by entity, with the place of a mistake', () => {
  const { entities, faults } = readFile(`${toYaml(given)}---\n---\nkind: 5\n---\na: [\n`);
  expect(entities.map(({ metadata }) => metadata.name)).toEqual(['shop']);
  expect(faults[0]).toContain('no entity');
  expect(faults[1]).toMatch(/line \d+, column \d+/);
  const bomb = `a: &a [x,x]\nb: &b [${'*a,'.repeat(60)}]\nc: [${'*b,'.repeat(60)}]\nkind: X\nmetadata: {}`;
  expect(() => readFile(bomb)).toThrow(/alias/i);
});
