/** Places of many nodes, in time that grows with them: layers, sorted by what they are joined to. */

import { type LayoutInput, NODE_HEIGHT, NODE_WIDTH, type Places } from './layout';

const COLUMN = NODE_WIDTH + 88;
const ROW = NODE_HEIGHT + 20;
/** Passes over the layers, there and back; more change little. */
const PASSES = 4;
/** No pass begins later than this: the places are good enough without it. */
const BUDGET_MS = 2000;
/** A layer with more nodes is broken into several columns. */
const MAX_ROWS = 40;

type Edges = ReadonlyMap<string, readonly string[]>;

export function layered(
  { nodes, edges }: LayoutInput,
  onProgress: (progress: number) => void = () => undefined,
): Places {
  const begin = performance.now();
  const out = joined(nodes, edges);
  const into = joined(
    nodes,
    edges.map(([from, to]) => [to, from]),
  );
  const layers = layersOf(nodes, out);
  for (let pass = 0; pass < PASSES && performance.now() - begin < BUDGET_MS; pass += 1) {
    onProgress(pass / PASSES);
    sortBy(layers, into);
    sortBy([...layers].reverse(), out);
  }
  return placesOf(layers);
}

function joined(nodes: string[], edges: [string, string][]): Edges {
  const all = new Map<string, string[]>(nodes.map(ref => [ref, []]));
  for (const [from, to] of edges) if (from !== to) all.get(from)?.push(to);
  return all;
}

/** Each node stands behind all that lead to it, but for those edges that close a circle. */
function layersOf(nodes: string[], out: Edges): string[][] {
  const order = backwards(nodes, out);
  const at = new Map(order.map((ref, index) => [ref, index]));
  const rank = new Map<string, number>();
  const layers: string[][] = [];
  for (const ref of order) {
    const own = rank.get(ref) ?? 0;
    const layer = layers[own] ?? [];
    layers[own] = layer;
    layer.push(ref);
    for (const to of out.get(ref) ?? []) {
      if ((at.get(to) ?? 0) > (at.get(ref) ?? 0))
        rank.set(to, Math.max(rank.get(to) ?? 0, own + 1));
    }
  }
  return layers.filter(layer => layer !== undefined);
}

/** Nodes in an order in which edges lead onwards, but for those that close a circle. */
function backwards(nodes: string[], out: Edges): string[] {
  const seen = new Set<string>();
  const done: string[] = [];
  for (const start of nodes) {
    if (seen.has(start)) continue;
    seen.add(start);
    // Not by calls: a chain may be longer than the stack.
    const path = [{ ref: start, next: 0 }];
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const to = out.get(top.ref)?.[top.next];
      top.next += 1;
      if (to === undefined) {
        done.push(top.ref);
        path.pop();
      } else if (!seen.has(to)) {
        seen.add(to);
        path.push({ ref: to, next: 0 });
      }
    }
  }
  return done.reverse();
}

/** Sorts the nodes of each layer by the mean place of those they are joined to. */
function sortBy(layers: string[][], joints: Edges): void {
  const place = new Map<string, number>();
  const note = (layer: string[]) => {
    for (const [at, ref] of layer.entries()) place.set(ref, at / layer.length);
  };
  layers.forEach(note);
  for (const layer of layers) {
    const mean = new Map(
      layer.map(ref => {
        const places = (joints.get(ref) ?? []).map(it => place.get(it) ?? 0);
        const sum = places.reduce((total, it) => total + it, 0);
        return [ref, places.length > 0 ? sum / places.length : (place.get(ref) ?? 0)];
      }),
    );
    layer.sort((a, b) => (mean.get(a) ?? 0) - (mean.get(b) ?? 0));
    note(layer);
  }
}

function placesOf(layers: string[][]): Places {
  const places: Places = {};
  let x = 0;
  for (const layer of layers) {
    const nColumns = Math.ceil(layer.length / MAX_ROWS);
    const nRows = Math.ceil(layer.length / nColumns);
    layer.forEach((ref, at) => {
      const y = ((at % nRows) - (nRows - 1) / 2) * ROW;
      places[ref] = { x: x + Math.floor(at / nRows) * COLUMN, y };
    });
    x += nColumns * COLUMN;
  }
  return places;
}
