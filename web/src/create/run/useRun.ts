/** A run that is listened to. */

import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Task } from '../../api/scaffolder';
import { advance, begin, type Run } from './run';
import { follow, type Listener } from './stream';

export interface Live {
  run: Run;
  isConnected: boolean;
  error?: Error;
  /** When the page heard that it was over. */
  overAt?: number;
}

/** The run as its events tell it; each `attempt` listens anew, from the first event. */
export function useRun(task: Task, attempt: number): Live {
  const [live, setLive] = useState<Live>(() => ({ run: begin(task), isConnected: true }));
  const client = useQueryClient();
  const latest = useRef(task);
  latest.current = task;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt has a new stream
  useEffect(() => {
    const stop = new AbortController();
    setLive({ run: begin(latest.current), isConnected: true });
    const listener: Listener = {
      onEvents: events =>
        setLive(now => {
          const run = advance(now.run, events);
          return { ...now, run, overAt: run.isOver ? (now.overAt ?? Date.now()) : undefined };
        }),
      onState: (isConnected, error) => setLive(now => ({ ...now, isConnected, error })),
      onTurn: () => void client.invalidateQueries({ queryKey: ['task', task.id] }),
    };
    void follow(task.id, listener, stop.signal);
    return () => stop.abort();
  }, [task.id, attempt, client]);
  return live;
}
