/** A graph as the drawing takes it: boxes and lines, and which of them stand out. */

import { type Edge, type Node, type NodeHandle, Position } from '@xyflow/react';
import { kindName } from '../ui/kinds';
import type { Graph, GraphNode } from './data';
import { NODE_HEIGHT, NODE_WIDTH, type Places } from './layout';

export type EntityNode = Node<{ node: GraphNode; isRoot: boolean; isDim: boolean }, 'entity'>;
export type RelationEdge = Edge<{ types: string[]; isLit: boolean }, 'relation'>;

/** The neighbours in larger graphs stand too far from each other to be seen together. */
const SPREAD_FROM = 150;
/**
 * Where edges begin and end. Said beforehand, as nothing needs to be measured: nodes out of sight would
 * all be drawn for it.
 */
const HANDLES: NodeHandle[] = [
  { type: 'target', position: Position.Left, x: 0, y: NODE_HEIGHT / 2, width: 1, height: 1 },
  {
    type: 'source',
    position: Position.Right,
    x: NODE_WIDTH,
    y: NODE_HEIGHT / 2,
    width: 1,
    height: 1,
  },
];

/** Boxes at their places; without places they are not drawn yet. */
export function nodesOf(
  graph: Graph,
  places: Places | undefined,
  roots: string[],
  selected: string | null,
): EntityNode[] {
  const near = around(graph, selected);
  return graph.nodes.map(node => ({
    id: node.ref,
    type: 'entity',
    position: places?.[node.ref] ?? { x: 0, y: 0 },
    width: NODE_WIDTH,
    height: NODE_HEIGHT,
    handles: HANDLES,
    data: {
      node,
      isRoot: roots.includes(node.ref),
      isDim: near !== null && !near.has(node.ref),
    },
    ariaLabel: `${kindName(node.kind)} ${node.title}`,
    selected: node.ref === selected,
  }));
}

/** Lines; those of what is selected are lit, the others dim. */
export function edgesOf(graph: Graph, selected: string | null): RelationEdge[] {
  return graph.edges.map(({ from, to, types }) => {
    const isLit = selected !== null && (from === selected || to === selected);
    return {
      id: `${from} ${to}`,
      source: from,
      target: to,
      type: 'relation',
      focusable: false,
      className: selected && !isLit ? 'edge-dim' : undefined,
      data: { types, isLit },
    };
  });
}

/** What the first view should show if it can: the roots, and their neighbours. */
export function firstView(graph: Graph, roots: string[]): { id: string }[] {
  const isSpread = graph.nodes.length > SPREAD_FROM;
  const near = isSpread ? [] : roots.flatMap(root => [...(around(graph, root) ?? [])]);
  return [...roots, ...near].map(id => ({ id }));
}

/** A node and its neighbours; `null` when nothing is selected. */
function around(graph: Graph, selected: string | null): Set<string> | null {
  if (!selected) return null;
  const near = new Set([selected]);
  for (const { from, to } of graph.edges) {
    if (from === selected) near.add(to);
    if (to === selected) near.add(from);
  }
  return near;
}
