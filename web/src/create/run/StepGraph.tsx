/** The steps of a run as a graph: which needs which. */

import { useMemo } from 'react';
import type { TaskStep } from '../../api/scaffolder';
import { type Edge, graphOf, type Placed } from './order';
import type { StepRun } from './run';
import { StepButton } from './StepList';

const WIDTH = 200;
const HEIGHT = 44;
const GAP_X = 16;
const GAP_Y = 36;
const MARGIN = 12;

const left = ({ column }: Placed) => MARGIN + column * (WIDTH + GAP_X);
const top = ({ row }: Placed) => MARGIN + row * (HEIGHT + GAP_Y);

interface StepGraphProps {
  steps: TaskStep[];
  runs: StepRun[];
  now: number;
  /** The step whose lines are shown. */
  active: string | undefined;
  onPick: (step: string | undefined) => void;
}

export function StepGraph({ steps, runs, now, active, onPick }: StepGraphProps) {
  const { nodes, edges, nColumns, nRows } = useMemo(() => graphOf(steps), [steps]);
  const byId = useMemo(() => new Map(nodes.map(node => [node.id, node])), [nodes]);
  const width = 2 * MARGIN + nColumns * (WIDTH + GAP_X) - GAP_X;
  const height = 2 * MARGIN + nRows * (HEIGHT + GAP_Y) - GAP_Y;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
    <section className="step-graph" aria-label="Graph of the steps" tabIndex={0}>
      <div style={{ position: 'relative', width, height }}>
        <svg className="step-edges" width={width} height={height} aria-hidden>
          {edges.map(edge => (
            <path
              key={`${edge.from} ${edge.to}`}
              d={pathOf(edge, byId)}
              data-use={edge.isUse ? '' : undefined}
            />
          ))}
        </svg>
        <ol>
          {runs.map(step => {
            const node = byId.get(step.id);
            if (!node) return null;
            return (
              <li
                key={step.id}
                data-active={active === step.id ? '' : undefined}
                style={{ left: left(node), top: top(node), width: WIDTH, height: HEIGHT }}
              >
                <StepButton step={step} now={now} active={active} onPick={onPick} />
              </li>
            );
          })}
        </ol>
      </div>
    </section>
  );
}

/** From the lower edge of one step to the upper edge of another. */
function pathOf({ from, to }: Edge, byId: Map<string, Placed>): string {
  const [a, b] = [byId.get(from), byId.get(to)];
  if (!a || !b) return '';
  const [x, y] = [left(a) + WIDTH / 2, top(a) + HEIGHT];
  const [u, v] = [left(b) + WIDTH / 2, top(b)];
  const middle = v - GAP_Y / 2;
  return `M${x} ${y} C${x} ${middle} ${u} ${middle} ${u} ${v}`;
}
