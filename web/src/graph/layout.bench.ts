/** How long places of graphs of the largest size take: `npm run bench`. */

import { bench, describe } from 'vitest';
import { type LayoutInput, layout } from './layout';

const NODES = 2000;
const EDGES = 6000;

const name = (at: number) => `component:default/n${at}`;
const nodes = Array.from({ length: NODES }, (_, at) => name(at));

/** The same numbers each time, from 0 to below 1. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Edges between any two nodes, with many circles. */
function random(): LayoutInput {
  const next = numbers(7);
  const any = () => name(Math.floor(next() * NODES));
  return { nodes, edges: Array.from({ length: EDGES }, () => [any(), any()]) };
}

/** Edges from each of 20 layers to the next. */
function acyclic(): LayoutInput {
  const next = numbers(7);
  const width = NODES / 20;
  const edges = Array.from({ length: EDGES }, (): [string, string] => {
    const from = Math.floor(next() * (NODES - width));
    const layer = Math.floor(from / width) + 1;
    return [name(from), name(layer * width + Math.floor(next() * width))];
  });
  return { nodes, edges };
}

/** Everything depends on one. */
function star(): LayoutInput {
  return { nodes, edges: nodes.slice(1).map(ref => [ref, name(0)]) };
}

/** One after the other. */
function chain(): LayoutInput {
  return { nodes, edges: nodes.slice(1).map((ref, at) => [name(at), ref]) };
}

/** The most that dagre is asked to do. */
function small(): LayoutInput {
  const next = numbers(7);
  const any = () => name(Math.floor(next() * 60));
  return {
    nodes: nodes.slice(0, 60),
    edges: Array.from({ length: 100 }, () => [any(), any()]),
  };
}

const OPTIONS = { iterations: 10, time: 0, warmupIterations: 2, warmupTime: 0 };

describe('layout', () => {
  const inputs = { random: random(), acyclic: acyclic(), star: star(), chain: chain() };
  for (const [kind, input] of Object.entries(inputs))
    bench(
      `${kind}, ${NODES} nodes, ${input.edges.length} edges`,
      () => void layout(input),
      OPTIONS,
    );
  const few = small();
  bench('random, 60 nodes, 100 edges', () => void layout(few), OPTIONS);
});
