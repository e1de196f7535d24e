/** Which steps of a run need which: what a graph of them shows. */

import type { TaskStep } from '../../api/scaffolder';

export interface Edge {
  from: string;
  to: string;
  /** The one uses what the other puts out; else it only runs after it. */
  isUse: boolean;
}

export interface Placed {
  id: string;
  row: number;
  column: number;
}

export interface StepGraphData {
  nodes: Placed[];
  edges: Edge[];
  nColumns: number;
  nRows: number;
}

const USE = /\bsteps(?:\.([\w$-]+)|\[\s*\\?["']([^"'\\]+)\\?["']\s*\])/g;

/** The ids of steps that a step reads. */
export function usesOf(step: TaskStep): Set<string> {
  const { id: _, name: __, action: ___, ...rest } = step;
  const found = [...JSON.stringify(rest).matchAll(USE)];
  return new Set(found.map(([, name, quoted]) => name ?? quoted ?? ''));
}

/** Steps below those that they need; one that needs none comes after the one before it. */
export function graphOf(steps: readonly TaskStep[]): StepGraphData {
  const rows = new Map<string, number>();
  const filled: number[] = [];
  const edges: Edge[] = [];
  const nodes = steps.map((step, at): Placed => {
    const uses = [...usesOf(step)].filter(id => rows.has(id));
    const before = steps[at - 1]?.id;
    for (const from of uses) edges.push({ from, to: step.id, isUse: true });
    if (uses.length === 0 && before !== undefined)
      edges.push({ from: before, to: step.id, isUse: false });
    const needed = uses.length > 0 || before === undefined ? uses : [before];
    const row = Math.max(-1, ...needed.map(id => rows.get(id) ?? 0)) + 1;
    rows.set(step.id, row);
    const column = filled[row] ?? 0;
    filled[row] = column + 1;
    return { id: step.id, row, column };
  });
  return { nodes, edges, nColumns: Math.max(0, ...filled), nRows: filled.length };
}
