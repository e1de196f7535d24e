/** The drawing of a graph. Arrow keys walk along its edges. */

import {
  Background,
  Controls,
  type FitViewOptions,
  MiniMap,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
} from '@xyflow/react';
import '@xyflow/react/dist/style.css';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { Button } from '../ui/Button';
import { kindLook } from '../ui/kinds';
import { formatCount, Skeleton } from '../ui/Small';
import { Empty, ErrorState, useLasting } from '../ui/States';
import { EntityBox, RelationLine } from './Box';
import type { Graph } from './data';
import { edgesOf, firstView, nodesOf } from './elements';
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

/** The first view is not smaller than this. */
const READABLE = 0.5;
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
  const host = useRef<HTMLDivElement>(null);
  useFocusOn(host, selected);
  useEffect(() => {
    if (places) onPlaced?.(places);
  }, [places, onPlaced]);
  const start = useMemo(() => firstView(graph, roots), [graph, roots]);
  useFit(places, start);
  const nodes = useMemo(
    () => nodesOf(graph, places, roots, selected),
    [graph, places, roots, selected],
  );
  const edges = useMemo(() => edgesOf(graph, selected), [graph, selected]);
  const from = selected ?? roots[0] ?? '';
  const onKeyDown = useGraphKeys({ graph, places, from, selected, setSelected, onOpen });
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
        fitViewOptions={fitting(start)}
        minZoom={0.05}
        maxZoom={2}
        zoomOnDoubleClick={false}
        disableKeyboardA11y
      >
        <Background gap={20} color="var(--border)" />
        <Controls showInteractive={false} fitViewOptions={fitting(start)} />
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

/** Boxes out of sight are not drawn, hence count as hidden, and are to be fitted all the same. */
const fitting = (nodes: FitViewOptions['nodes']): FitViewOptions => ({
  maxZoom: 1,
  minZoom: READABLE,
  padding: 0.1,
  nodes,
  includeHiddenNodes: true,
});

/** Another graph is seen from its own beginning. */
function useFit(places: Places | undefined, start: FitViewOptions['nodes']) {
  const flow = useReactFlow();
  useEffect(() => {
    if (places) void flow.fitView(fitting(start));
  }, [flow, places, start]);
}

interface GraphKeys {
  graph: Graph;
  places: Places | undefined;
  /** Where the arrows lead from. */
  from: string;
  selected: string | null;
  setSelected: (ref: string | null) => void;
  onOpen: (ref: string) => void;
}

/** Arrows walk to neighbours, Enter opens, Escape lets go. */
function useGraphKeys({ graph, places, from, selected, setSelected, onOpen }: GraphKeys) {
  const flow = useReactFlow();
  return (event: KeyboardEvent) => {
    if (event.key === 'Escape') return setSelected(null);
    if (event.key === 'Enter' && selected) return onOpen(selected);
    const next = places && neighbour(graph, places, from, event.key);
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

const NODE_TYPES = { entity: EntityBox };
const EDGE_TYPES = { relation: RelationLine };
