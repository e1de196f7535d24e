/** Places of nodes: layered, left to right. */

import dagre from '@dagrejs/dagre';
import { layered } from './layered';

export interface LayoutInput {
  nodes: string[];
  edges: [string, string][];
}

export type Places = Record<string, { x: number; y: number }>;

export const NODE_WIDTH = 180;
export const NODE_HEIGHT = 56;
/** More of either take the careful way longer than anybody waits. */
const MAX_NODES = 60;
const MAX_EDGES = 100;

/** The upper left corner of each node; tells how far it is, from 0 to 1. */
export function layout(
  { nodes, edges }: LayoutInput,
  onProgress?: (progress: number) => void,
): Places {
  if (nodes.length > MAX_NODES || edges.length > MAX_EDGES) {
    return layered({ nodes, edges }, onProgress);
  }
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({
    rankdir: 'LR',
    nodesep: 20,
    ranksep: 88,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const ref of nodes) graph.setNode(ref, { width: NODE_WIDTH, height: NODE_HEIGHT });
  for (const [from, to] of edges) graph.setEdge(from, to);
  dagre.layout(graph);
  const places: Places = {};
  for (const ref of nodes) {
    const { x, y } = graph.node(ref);
    places[ref] = { x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2 };
  }
  return places;
}
