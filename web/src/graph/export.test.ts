import { expect, test } from 'vitest';
import { toSvg } from './export';

const colours = { bg: '#fff', border: '#000', text: '#000', muted: '#666' };
const node = (ref: string, title: string) => ({
  ref,
  kind: 'component',
  title,
  hasErrors: false,
  isMissing: false,
  depth: 0,
});

test('every node and every edge is drawn, and names stay text', () => {
  const graph = {
    nodes: [node('a', '<script>'), node('b', 'a very long name that does not fit')],
    edges: [{ from: 'a', to: 'b', types: ['dependsOn', 'partOf'] }],
    left: 0,
  };
  const svg = toSvg(graph, { a: { x: 0, y: 0 }, b: { x: 300, y: 0 } }, colours);
  expect(svg.match(/<path/g)).toHaveLength(1);
  expect(svg.match(/<g /g)).toHaveLength(2);
  expect(svg).toContain('dependsOn, partOf');
  expect(svg).toContain('&lt;script>');
  expect(svg).not.toContain('<script');
  expect(svg).toContain('…');
});
