/** Walking a graph with arrow keys. */

import type { Graph } from './data';
import type { Places } from './layout';

/** Where an arrow key leads from a node: along edges to the sides, among neighbours up and down. */
export function neighbour(
  graph: Graph,
  places: Places,
  at: string,
  key: string,
): string | undefined {
  const here = places[at];
  if (!here) return undefined;
  const near = (refs: string[]) => closest(refs, places, here.y);
  switch (key) {
    case 'ArrowRight':
      return near(graph.edges.filter(({ from }) => from === at).map(({ to }) => to));
    case 'ArrowLeft':
      return near(graph.edges.filter(({ to }) => to === at).map(({ from }) => from));
    case 'ArrowDown':
    case 'ArrowUp': {
      const sign = key === 'ArrowDown' ? 1 : -1;
      const column = Object.keys(places).filter(ref => {
        const place = places[ref];
        return place && Math.abs(place.x - here.x) < 1 && (place.y - here.y) * sign > 0;
      });
      return near(column);
    }
    default:
      return undefined;
  }
}

function closest(refs: string[], places: Places, y: number): string | undefined {
  const away = (ref: string) => Math.abs((places[ref]?.y ?? 0) - y);
  return refs.toSorted((a, b) => away(a) - away(b))[0];
}
