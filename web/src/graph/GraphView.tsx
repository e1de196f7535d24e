/** The drawing of a graph. Arrow keys walk along its edges. */

import {
  Background,
  BaseEdge,
  Controls,
  type Edge,
  EdgeLabelRenderer,
  type EdgeProps,
  getBezierPath,
  Handle,
  MiniMap,
  type Node,
  type NodeHandle,
  type NodeProps,
  Position,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
} from '@xyflow/react';
import '@xyflow/react/dist/style.css';
import { CircleAlert } from 'lucide-react';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { relationTitle } from '../entity/relations';
import { Button } from '../ui/Button';
import { KindIcon } from '../ui/KindIcon';
import { kindLook, kindName } from '../ui/kinds';
import { formatCount, Skeleton } from '../ui/Small';
import { Empty, ErrorState, useLasting } from '../ui/States';
import type { Graph, GraphNode } from './data';
import { NODE_HEIGHT, NODE_WIDTH, type Places } from './layout';
import { neighbour } from './walk';
import './graph.css';
import { useLayout } from './useLayout';

interface GraphViewProps {
  graph: Graph;
  roots: string[];
  onOpen: (ref: string) => void;
  onPlaced?: (places: Places) => void;
}

type EntityNode = Node<{ node: GraphNode; isRoot: boolean; isDim: boolean }, 'entity'>;
type RelationEdge = Edge<{ types: string[]; isLit: boolean }, 'relation'>;

/** The first view is not smaller than this. */
const READABLE = 0.5;
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
/** Fewer nodes need no map of themselves in a corner. */
const MINIMAP_FROM = 30;

export default function GraphView(props: GraphViewProps) {
  return (
    <ReactFlowProvider>
      <Canvas {...props} />
    </ReactFlowProvider>
  );
}

function Canvas({ graph, roots, onOpen, onPlaced }: GraphViewProps) {
  const layout = useLayout(graph);
  const { places, error } = layout;
  const [selected, setSelected] = useState<string | null>(null);
  const flow = useReactFlow();
  const host = useRef<HTMLDivElement>(null);
  useFocusOn(host, selected);
  useEffect(() => {
    if (places) onPlaced?.(places);
  }, [places, onPlaced]);
  const start = useMemo(
    () =>
      roots
        .map(id => ({ id }))
        .concat(graph.nodes.length > SPREAD_FROM ? [] : firstSteps(graph, roots)),
    [graph, roots],
  );
  const near = useMemo(() => around(graph, selected), [graph, selected]);
  const nodes: EntityNode[] = useMemo(
    () =>
      graph.nodes.map(node => ({
        id: node.ref,
        type: 'entity' as const,
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
      })),
    [graph, places, roots, near, selected],
  );
  const edges: RelationEdge[] = useMemo(
    () =>
      graph.edges.map(({ from, to, types }) => ({
        id: `${from} ${to}`,
        source: from,
        target: to,
        type: 'relation' as const,
        focusable: false,
        className: selected && from !== selected && to !== selected ? 'edge-dim' : undefined,
        data: { types, isLit: selected !== null && (from === selected || to === selected) },
      })),
    [graph, selected],
  );
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') return setSelected(null);
    if (event.key === 'Enter' && selected) return onOpen(selected);
    const next = places && neighbour(graph, places, selected ?? roots[0] ?? '', event.key);
    if (!next) return;
    event.preventDefault();
    setSelected(next);
    const place = places[next];
    if (place)
      void flow.setCenter(place.x + NODE_WIDTH / 2, place.y + NODE_HEIGHT / 2, {
        zoom: flow.getZoom(),
        duration: 100,
      });
  };
  if (error) return <ErrorState error={error} onRetry={layout.retry} />;
  if (!places) return <Placing n={graph.nodes.length} layout={layout} />;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the drawing takes the keys of what is inside
    <div className="graph" ref={host} tabIndex={-1} onKeyDown={onKeyDown}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        onNodeClick={(_, node) => setSelected(node.id)}
        onNodeDoubleClick={(_, node) => onOpen(node.id)}
        onPaneClick={() => setSelected(null)}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable
        onlyRenderVisibleElements
        fitView
        fitViewOptions={{ maxZoom: 1, minZoom: READABLE, padding: 0.1, nodes: start }}
        minZoom={0.05}
        maxZoom={2}
        zoomOnDoubleClick={false}
        disableKeyboardA11y
      >
        <Background gap={20} color="var(--border)" />
        <Controls showInteractive={false} />
        {graph.nodes.length >= MINIMAP_FROM && (
          <MiniMap
            pannable
            zoomable
            nodeColor={node => kindLook(String(node.id).split(':')[0] ?? '').color}
          />
        )}
      </ReactFlow>
    </div>
  );
}

/** Says that places are being computed, once that takes a while, and lets people stop it. */
function Placing({ n, layout }: { n: number; layout: ReturnType<typeof useLayout> }) {
  const isSlow = useLasting(!layout.isStopped);
  if (layout.isStopped) {
    return (
      <Empty
        title="The drawing was stopped"
        actions={<Button onClick={layout.retry}>Draw it</Button>}
      >
        The list has the same edges; fewer steps, kinds or relations make a drawing that is done
        sooner.
      </Empty>
    );
  }
  if (!isSlow) return <Skeleton width={240} />;
  return (
    <div className="graph-placing" role="status" aria-busy="true">
      <span>Placing {formatCount(n)} entities…</span>
      <progress aria-label="Places computed" value={layout.progress} max={1} />
      <Button size="small" onClick={layout.stop}>
        Stop
      </Button>
    </div>
  );
}

/** The focus goes along with the keys: a node that they left may soon be out of sight, and gone. */
function useFocusOn(host: React.RefObject<HTMLDivElement | null>, selected: string | null) {
  useEffect(() => {
    const graph = host.current;
    if (!selected || !graph?.contains(document.activeElement)) return;
    const node = graph.querySelector<HTMLElement>(`[data-id="${CSS.escape(selected)}"]`);
    (node ?? graph).focus({ preventScroll: true });
  }, [host, selected]);
}

/** What the first view should show if it can: the neighbours of the roots. */
function firstSteps(graph: Graph, roots: string[]): { id: string }[] {
  const near = roots.flatMap(root => [...(around(graph, root) ?? [])]);
  return near.map(id => ({ id }));
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

function EntityBox({ data: { node, isRoot, isDim } }: NodeProps<EntityNode>) {
  return (
    <div
      className="graph-node"
      data-root={isRoot ? '' : undefined}
      data-dim={isDim ? '' : undefined}
      data-missing={node.isMissing ? '' : undefined}
    >
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <KindIcon kind={node.kind} size={18} />
      <span className="graph-text">
        <strong className="truncate">{node.title}</strong>
        <span className="muted truncate">
          {node.isMissing
            ? 'not in the catalog'
            : [kindName(node.kind), node.type].filter(Boolean).join(' · ')}
        </span>
      </span>
      {node.hasErrors && <CircleAlert size={14} className="graph-bad" aria-label="Has errors" />}
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
}

function RelationLine(props: EdgeProps<RelationEdge>) {
  const [isHovered, setHovered] = useState(false);
  const [path, x, y] = getBezierPath(props);
  const { types = [], isLit = false } = props.data ?? {};
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the list beside the drawing names relations for everybody
    <g onMouseEnter={() => setHovered(true)} onMouseLeave={() => setHovered(false)}>
      <BaseEdge path={path} interactionWidth={16} className={isLit ? 'edge-lit' : undefined} />
      {(isHovered || isLit) && (
        <EdgeLabelRenderer>
          <span
            className="edge-label"
            style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}
          >
            {types.map(relationTitle).join(', ')}
          </span>
        </EdgeLabelRenderer>
      )}
    </g>
  );
}

const NODE_TYPES = { entity: EntityBox };
const EDGE_TYPES = { relation: RelationLine };
