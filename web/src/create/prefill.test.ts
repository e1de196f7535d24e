import { expect, test } from 'vitest';
import type { Entity } from '../api/entity';
import { isFor, repoUrlFrom, valuesFrom } from './prefill';

const entity: Entity = {
  apiVersion: 'backstage.io/v1alpha1',
  kind: 'Component',
  metadata: {
    name: 'checkout',
    namespace: 'default',
    description: 'Takes payments',
    tags: ['node', 'grpc'],
    annotations: {
      'backstage.io/source-location': 'url:https://github.com/acme/checkout/tree/main/',
      'acme.example/tier': '1',
    },
  },
  spec: { type: 'service', lifecycle: 'production', replicas: 3, scaffoldedFrom: 'default/node' },
  relations: [
    { type: 'ownedBy', targetRef: 'group:default/commerce' },
    { type: 'partOf', targetRef: 'domain:default/shop' },
    { type: 'partOf', targetRef: 'system:default/shop' },
  ],
};

const template = (name: string, filter?: string): Entity => ({
  apiVersion: 'scaffolder.backstage.io/v1beta3',
  kind: 'Template',
  metadata: {
    name,
    namespace: 'default',
    annotations: filter === undefined ? {} : { 'callboard.dev/for': filter },
  },
});

test('a template says which entities it is for', () => {
  const cases: [string | undefined, boolean][] = [
    [undefined, false],
    ['', false],
    ['kind=component', true],
    ['kind=Component, spec.type=service', true],
    ['kind=component,spec.type=website', false],
    ['kind=api\nspec.type=service', true],
    ['metadata.tags=grpc', true],
    ['metadata.tags=java', false],
    ['metadata.annotations.acme.example/tier', true],
    ['metadata.annotations.acme.example/tier=2', false],
    ['spec.nothing', false],
  ];
  for (const [filter, expected] of cases)
    expect(isFor(template('x', filter), entity), filter).toBe(expected);
});

test('a template is for what it made', () => {
  expect(isFor(template('node'), entity)).toBe(true);
  expect(isFor(template('other'), entity)).toBe(false);
});

test('a form begins with what an entity is', () => {
  const pages = [
    {
      properties: {
        name: { type: 'string' },
        component_id: { type: 'string' },
        description: { type: 'string' },
        owner: { type: 'string', 'ui:field': 'OwnerPicker' },
        team: {
          type: 'string',
          'ui:field': 'OwnerPicker',
          'ui:options': { defaultKind: 'Group', defaultNamespace: 'default' },
        },
        system: { type: 'string', 'ui:field': 'EntityPicker' },
        component: { type: 'string', 'ui:field': 'EntityPicker' },
        lifecycle: { type: 'string', enum: ['production', 'experimental'] },
        type: { type: 'string', enum: ['website'] },
        tags: { type: 'array' },
        repoUrl: { type: 'string', 'ui:field': 'RepoUrlPicker' },
        token: { type: 'string', 'ui:field': 'Secret' },
        other: { type: 'string' },
      },
    },
    {
      properties: {
        replicas: { type: 'integer', 'ui:options': { fromEntity: 'spec.replicas' } },
        tier: {
          type: 'string',
          'ui:options': { fromEntity: 'metadata.annotations.acme.example/tier' },
        },
        which: { type: 'string', 'ui:options': { fromEntity: 'ref' } },
        wrong: { type: 'boolean', 'ui:options': { fromEntity: 'spec.replicas' } },
      },
    },
  ];
  expect(valuesFrom(entity, pages)).toEqual({
    name: 'checkout',
    component_id: 'checkout',
    description: 'Takes payments',
    owner: 'group:default/commerce',
    team: 'commerce',
    system: 'system:default/shop',
    component: 'component:default/checkout',
    lifecycle: 'production',
    tags: ['node', 'grpc'],
    repoUrl: 'github.com?owner=acme&repo=checkout',
    replicas: 3,
    tier: '1',
    which: 'component:default/checkout',
  });
});

test('a repository is known by where the entity is described', () => {
  const at = (url: string) =>
    repoUrlFrom({
      ...entity,
      metadata: { ...entity.metadata, annotations: { 'backstage.io/source-location': url } },
    });
  expect(at('url:https://git.acme.example/a/b/blob/main/x/')).toBe(
    'git.acme.example?owner=a&repo=b',
  );
  expect(at('url:https://git.acme.example/a')).toBeUndefined();
  expect(at('file:/a/b')).toBeUndefined();
});
