/** The box of an entity, and the line of a relation. */

import {
  BaseEdge,
  EdgeLabelRenderer,
  type EdgeProps,
  getBezierPath,
  Handle,
  type NodeProps,
  Position,
} from '@xyflow/react';
import { CircleAlert } from 'lucide-react';
import { useState } from 'react';
import { relationTitle } from '../entity/relations';
import { KindIcon } from '../ui/KindIcon';
import { kindName } from '../ui/kinds';
import type { EntityNode, RelationEdge } from './elements';

export function EntityBox({ data: { node, isRoot, isDim } }: NodeProps<EntityNode>) {
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

export function RelationLine(props: EdgeProps<RelationEdge>) {
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
