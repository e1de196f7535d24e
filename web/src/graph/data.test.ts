import { expect, test } from 'vitest';
import type { Entity } from '../api/entity';
import { type GraphQuery, loadGraph } from './data';

/** `a -> b` by `type`, with the relation back that the catalog derives. */
const RELATIONS: [string, string, string, string][] = [
  ['component:default/a', 'dependsOn', 'component:default/b', 'dependencyOf'],
  ['component:default/b', 'dependsOn', 'resource:default/c', 'dependencyOf'],
  ['component:default/a', 'ownedBy', 'group:default/g', 'ownerOf'],
  ['component:default/a', 'partOf', 'component:default/b', 'hasPart'],
  ['resource:default/c', 'dependsOn', 'component:default/gone', 'dependencyOf'],
];

const load = async (refs: string[]) =>
  refs.map(ref => {
    if (ref.endsWith('/gone')) return null;
    const out = RELATIONS.filter(([from]) => from === ref).map(([, type, to]) => ({
      type,
      targetRef: to,
    }));
    const back = RELATIONS.filter(([, , to]) => to === ref).map(([from, , , type]) => ({
      type,
      targetRef: from,
    }));
    const name = ref.split('/')[1] ?? '';
    return {
      apiVersion: '',
      kind: 'x',
      metadata: { name },
      relations: [...out, ...back],
    } as Entity;
  });

const all: GraphQuery = {
  roots: ['component:default/a'],
  depth: 9,
  direction: 'both',
  relations: [],
  kinds: [],
};

test.each([
  ['everything', {}, 'a b g c gone', 4],
  ['one hop', { depth: 1 }, 'a b g', 2],
  ['nothing around', { depth: 0 }, 'a', 0],
  [
    'what depends on c',
    { roots: ['resource:default/c'], direction: 'in' as const, relations: ['dependsOn'] },
    'c b a',
    2,
  ],
  ['only resources and components', { kinds: ['component', 'resource'] }, 'a b c gone', 3],
  ['only owners', { relations: ['ownedBy'] }, 'a g', 1],
])('%s', async (_, change, names, edges) => {
  const graph = await loadGraph({ ...all, ...change }, load);
  expect(graph.nodes.map(node => node.ref.split('/')[1]).join(' ')).toBe(names);
  expect(graph.edges).toHaveLength(edges);
});

test('two relations between the same entities are both kept, once each', async () => {
  const graph = await loadGraph({ ...all, depth: 1 }, load);
  const edge = graph.edges.find(it => it.to === 'component:default/b');
  expect(edge?.types).toEqual(['dependsOn', 'partOf']);
});

test('what is not in the catalog is shown as missing', async () => {
  const graph = await loadGraph(all, load);
  expect(graph.nodes.filter(node => node.isMissing).map(node => node.ref)).toEqual([
    'component:default/gone',
  ]);
});
