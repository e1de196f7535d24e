/** The edge of a column: dragged, moved with arrow keys, and given back with a double click. */

import type { KeyboardEvent, PointerEvent } from 'react';
import { boundedWidth } from './widths';

interface ColumnEdgeProps {
  title: string;
  onWidth: (px: number | undefined) => void;
}

const STEP_PX = 16;

/** Widths of the column that an edge belongs to, and of its table. */
function measured(edge: Element): { column: number; table: number } {
  const width = (element: Element | null) => element?.getBoundingClientRect().width ?? 0;
  return { column: width(edge.parentElement), table: width(edge.closest('[role="table"]')) };
}

export function ColumnEdge({ title, onWidth }: ColumnEdgeProps) {
  const drag = (event: PointerEvent<HTMLElement>) => {
    if (event.button !== 0) return;
    event.preventDefault();
    const edge = event.currentTarget;
    const { column, table } = measured(edge);
    const from = event.clientX;
    const move = (now: globalThis.PointerEvent) =>
      onWidth(boundedWidth(column + now.clientX - from, table));
    edge.setPointerCapture(event.pointerId);
    edge.addEventListener('pointermove', move);
    const end = () => edge.removeEventListener('pointermove', move);
    edge.addEventListener('lostpointercapture', end, { once: true });
  };
  const step = (event: KeyboardEvent<HTMLElement>) => {
    const by = { ArrowLeft: -STEP_PX, ArrowRight: STEP_PX }[event.key];
    if (by === undefined && event.key !== 'Delete') return;
    event.preventDefault();
    event.stopPropagation();
    const { column, table } = measured(event.currentTarget);
    onWidth(by === undefined ? undefined : boundedWidth(column + by, table));
  };
  return (
    <button
      type="button"
      className="column-edge"
      aria-label={`Width of ${title}`}
      title="Drag, or use the arrow keys; a double click gives it back"
      onPointerDown={drag}
      onDoubleClick={() => onWidth(undefined)}
      onKeyDown={step}
    />
  );
}
