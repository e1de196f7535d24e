import { expect, test } from 'vitest';
import { layered } from './layered';
import { NODE_HEIGHT, NODE_WIDTH } from './layout';

const name = (at: number) => `component:default/n${at}`;

/** A graph of the size that is shown at most; each node leads to three others. */
function large(n: number) {
  const nodes = Array.from({ length: n }, (_, at) => name(at));
  const edges = nodes.flatMap((from, at) =>
    [2 * at + 1, 2 * at + 2, at * 7 + 3].map(to => [from, name(to % n)] as [string, string]),
  );
  return { nodes, edges };
}

/** The smallest step between sorted numbers. */
const gap = (sorted: number[]) =>
  Math.min(...sorted.slice(1).map((it, at) => it - (sorted[at] ?? 0)));

test('each node of a large graph has a place of its own', () => {
  const places = layered(large(2000));
  const taken = new Set(Object.values(places).map(({ x, y }) => `${x} ${y}`));
  expect(taken.size).toBe(2000);
  const columns = new Map<number, number[]>();
  for (const { x, y } of Object.values(places)) columns.set(x, [...(columns.get(x) ?? []), y]);
  const xs = [...columns.keys()].sort((a, b) => a - b);
  expect(gap(xs)).toBeGreaterThan(NODE_WIDTH);
  for (const column of columns.values()) {
    const ys = column.sort((a, b) => a - b);
    expect(gap(ys)).toBeGreaterThan(NODE_HEIGHT);
  }
});

test('edges lead from left to right, but for one of each circle', () => {
  const chain = Array.from({ length: 20_000 }, (_, at) => name(at));
  const edges = chain.slice(1).map((to, at) => [chain[at], to] as [string, string]);
  const places = layered({ nodes: chain, edges: [...edges, [name(19_999), name(0)]] });
  for (const [from, to] of edges) expect(places[to]?.x).toBeGreaterThan(places[from]?.x ?? 0);
});

test('nodes stand beside what they are joined to', () => {
  const nodes = ['a', 'b', 'c', 'd'];
  const places = layered({
    nodes,
    edges: [
      ['a', 'd'],
      ['b', 'c'],
    ],
  });
  expect(Math.sign((places.a?.y ?? 0) - (places.b?.y ?? 0))).toBe(
    Math.sign((places.d?.y ?? 0) - (places.c?.y ?? 0)),
  );
});
