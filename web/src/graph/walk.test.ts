import { expect, test } from 'vitest';
import type { Graph } from './data';
import { neighbour } from './walk';

const places = {
  a: { x: 0, y: 0 },
  b: { x: 0, y: 80 },
  c: { x: 300, y: 0 },
  d: { x: 300, y: 160 },
};
const edges = [
  { from: 'a', to: 'd', types: [] },
  { from: 'a', to: 'c', types: [] },
  { from: 'b', to: 'd', types: [] },
];
const graph: Graph = { nodes: [], edges, left: 0 };

test.each([
  ['a', 'ArrowRight', 'c'],
  ['d', 'ArrowLeft', 'b'],
  ['a', 'ArrowDown', 'b'],
  ['b', 'ArrowUp', 'a'],
  ['a', 'ArrowUp', undefined],
  ['c', 'ArrowRight', undefined],
  ['a', 'x', undefined],
  ['gone', 'ArrowRight', undefined],
])('from %s, %s leads to %s', (at, key, expected) => {
  expect(neighbour(graph, places, at, key)).toBe(expected);
});
