import { useQuery } from '@tanstack/react-query';
import { workerUrl } from '../app/trusted';
import type { Graph } from './data';
import type { LayoutInput, Places } from './layout';
import worker from './layout.worker?worker&url';

/** Places of a graph, computed beside the page. */
export function useLayout(graph: Graph) {
  const input: LayoutInput = {
    nodes: graph.nodes.map(node => node.ref),
    edges: graph.edges.map(({ from, to }) => [from, to]),
  };
  return useQuery({
    queryKey: ['layout', input],
    queryFn: ({ signal }) => compute(input, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

function compute(input: LayoutInput, signal: AbortSignal): Promise<Places> {
  return new Promise((resolve, reject) => {
    const own = new Worker(workerUrl(worker), { type: 'module' });
    const end = (act: () => void) => {
      own.terminate();
      act();
    };
    own.onmessage = (event: MessageEvent<Places>) => end(() => resolve(event.data));
    own.onerror = event =>
      end(() => reject(new Error(event.message || 'The graph could not be laid out')));
    signal.addEventListener('abort', () => end(() => reject(new DOMException('', 'AbortError'))));
    own.postMessage(input);
  });
}
