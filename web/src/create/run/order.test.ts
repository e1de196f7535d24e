import { expect, test } from 'vitest';
import { graphOf, usesOf } from './order';

const step = (id: string, more: object = {}) => ({ id, name: id, action: 'debug:log', ...more });

test('a step uses what its texts read of others', () => {
  const cases: [object, string[]][] = [
    [{ input: { url: `\${{ steps.publish.output.remoteUrl }}` } }, ['publish']],
    [{ input: [`\${{ steps['my-step'].output.a or steps["b"].output.c }}`] }, ['my-step', 'b']],
    [{ if: `\${{ steps.fetch-it.output.done }}` }, ['fetch-it']],
    [{ each: `\${{ steps.list.output.files }}` }, ['list']],
    [{ input: { text: 'my steps are many' } }, []],
  ];
  for (const [more, uses] of cases) expect([...usesOf(step('x', more))]).toEqual(uses);
});

test('steps stand below what they need, and beside each other where they need the same', () => {
  const { nodes, edges, nColumns, nRows } = graphOf([
    step('fetch'),
    step('publish'),
    step('deploy', { input: { url: `\${{ steps.publish.output.url }}` } }),
    step('register', { input: { url: `\${{ steps.publish.output.url }}` } }),
    step('tell'),
  ]);
  expect(nodes.map(({ id, row, column }) => [id, row, column])).toEqual([
    ['fetch', 0, 0],
    ['publish', 1, 0],
    ['deploy', 2, 0],
    ['register', 2, 1],
    ['tell', 3, 0],
  ]);
  expect(edges).toEqual([
    { from: 'fetch', to: 'publish', isUse: false },
    { from: 'publish', to: 'deploy', isUse: true },
    { from: 'publish', to: 'register', isUse: true },
    { from: 'register', to: 'tell', isUse: false },
  ]);
  expect([nColumns, nRows]).toEqual([2, 4]);
});

test('what reads a later step, or itself, or none that is there, still has its place', () => {
  const { nodes, edges } = graphOf([
    step('a', { input: `\${{ steps.b.output.x }}` }),
    step('b', { input: `\${{ steps.b.output.x or steps.gone.output.x }}` }),
  ]);
  expect(nodes.map(({ row }) => row)).toEqual([0, 1]);
  expect(edges).toEqual([{ from: 'a', to: 'b', isUse: false }]);
  expect(graphOf([])).toEqual({ nodes: [], edges: [], nColumns: 0, nRows: 0 });
});
