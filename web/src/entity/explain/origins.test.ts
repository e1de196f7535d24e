import { expect, test } from 'vitest';
import type { Entity } from '../../api/entity';
import { explain, sourceOf } from './origins';

const URL = 'https://github.com/acme/shop/blob/main/catalog-info.yaml';
const entity: Entity = {
  apiVersion: 'backstage.io/v1alpha1',
  kind: 'Component',
  metadata: {
    name: 'cart',
    namespace: 'default',
    uid: '1',
    etag: '2',
    annotations: {
      'backstage.io/managed-by-location': `url:${URL}`,
      'backstage.io/managed-by-origin-location': 'url:https://github.com/acme/all.yaml',
      'backstage.io/view-url': URL,
      'backstage.io/edit-url': 'https://elsewhere.example/edit',
      'backstage.io/source-location': 'url:https://github.com/acme/shop/blob/main/',
      'a.example/b~c': 'x',
    },
  },
  spec: { owner: 'shop', dependsOn: ['resource:db'], deep: { a: { b: { c: 1 } } } },
  relations: [
    { type: 'ownedBy', targetRef: 'group:default/shop' },
    { type: 'dependsOn', targetRef: 'resource:default/db' },
    { type: 'dependsOn', targetRef: 'resource:default/said-there' },
    { type: 'hasPart', targetRef: 'component:default/part' },
    { type: 'likes', targetRef: 'component:default/other' },
  ],
};

test('each value has an origin', () => {
  const told = explain(entity).flatMap(({ rows }) =>
    rows.map(
      ({ path, origin }) => `${path}: ${[origin.by, origin.field].filter(Boolean).join(' ')}`,
    ),
  );
  expect(told).toEqual([
    'apiVersion: its file',
    'kind: its file',
    'metadata.name: its file',
    'metadata.namespace: its file, or the catalog where that names none',
    'metadata.uid: the catalog, when it first saw it',
    'metadata.etag: the catalog, anew for each version',
    'backstage.io/managed-by-location: the catalog: what it read it from',
    'backstage.io/managed-by-origin-location: the catalog: what led it there first',
    'backstage.io/view-url: AnnotateLocationEntityProcessor backstage.io/managed-by-location',
    // Another host than its file: somebody wrote it.
    'backstage.io/edit-url: its file',
    'backstage.io/source-location: AnnotateLocationEntityProcessor backstage.io/managed-by-location',
    'a.example/b~c: its file',
    'spec.owner: its file',
    'spec.dependsOn: its file',
    'spec.deep.a.b: its file',
    'ownedBy: its own field spec.owner',
    'dependsOn: its own field spec.dependsOn',
    'dependsOn: the other entity spec.dependencyOf',
    'hasPart: the other entity spec.subcomponentOf',
    'likes: what processed it',
  ]);
});

test('places are named as errors name them', () => {
  const pointers = explain(entity).flatMap(({ rows }) => rows.map(({ pointer }) => pointer));
  expect(pointers).toContain('/metadata/annotations/a.example~1b~0c');
  expect(pointers).toContain('/spec/dependsOn');
});

test('references without a namespace are in that of the entity', () => {
  const [relations] = explain({
    ...entity,
    metadata: { ...entity.metadata, namespace: 'other' },
    relations: [
      { type: 'ownedBy', targetRef: 'group:other/shop' },
      { type: 'ownedBy', targetRef: 'group:default/shop' },
    ],
  }).slice(-1);
  expect(relations?.rows.map(({ origin }) => origin.field)).toEqual(['spec.owner', undefined]);
});

test.each([
  ['file:/x.yaml', 'Component', 'a', 'its file'],
  ['ldap://x', 'User', 'a', 'the provider of ldap'],
  ['url:https://x', 'Location', 'generated-1', 'the portal, for a location that was registered'],
])('%s of a %s', (location, kind, name, by) => {
  const annotations = { 'backstage.io/managed-by-location': location };
  expect(sourceOf({ ...entity, kind, metadata: { name, annotations } }).by).toBe(by);
});
