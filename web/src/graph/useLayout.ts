import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { workerUrl } from '../app/trusted';
import type { Graph } from './data';
import type { LayoutInput, Places } from './layout';
import type { LayoutNews } from './layout.worker';
import worker from './layout.worker?worker&url';

interface Layout {
  places: Places | undefined;
  error: Error | null;
  /** From 0 to 1, while places are computed. */
  progress: number;
  /** Somebody had enough of waiting. */
  isStopped: boolean;
  stop: () => void;
  retry: () => void;
}

/** Graphs by number: a key with all their nodes and edges would be made of each drawing. */
const numbers = new WeakMap<Graph, number>();
let last = 0;

function numberOf(graph: Graph): number {
  const known = numbers.get(graph);
  if (known !== undefined) return known;
  last += 1;
  numbers.set(graph, last);
  return last;
}

/** Places of a graph, computed beside the page. */
export function useLayout(graph: Graph): Layout {
  const client = useQueryClient();
  const [progress, setProgress] = useState(0);
  const number = numberOf(graph);
  const { data, error, refetch, fetchStatus } = useQuery({
    queryKey: ['layout', number],
    queryFn: ({ signal }) => {
      setProgress(0);
      return compute(inputOf(graph), setProgress, signal);
    },
    staleTime: Number.POSITIVE_INFINITY,
    // It needs no network.
    networkMode: 'always',
    retry: false,
  });
  const stop = useCallback(
    () => void client.cancelQueries({ queryKey: ['layout', number] }),
    [client, number],
  );
  return {
    places: data,
    error,
    progress,
    isStopped: !data && !error && fetchStatus === 'idle',
    stop,
    retry: () => void refetch(),
  };
}

function inputOf(graph: Graph): LayoutInput {
  return {
    nodes: graph.nodes.map(node => node.ref),
    edges: graph.edges.map(({ from, to }) => [from, to]),
  };
}

function compute(
  input: LayoutInput,
  onProgress: (progress: number) => void,
  signal: AbortSignal,
): Promise<Places> {
  return new Promise((resolve, reject) => {
    const own = new Worker(workerUrl(worker), { type: 'module' });
    const end = (act: () => void) => {
      own.terminate();
      act();
    };
    own.onmessage = ({ data }: MessageEvent<LayoutNews>) => {
      if ('progress' in data) onProgress(data.progress);
      else end(() => resolve(data.places));
    };
    own.onerror = event =>
      end(() => reject(new Error(event.message || 'The graph could not be laid out')));
    signal.addEventListener('abort', () => end(() => reject(new DOMException('', 'AbortError'))));
    own.postMessage(input);
  });
}
