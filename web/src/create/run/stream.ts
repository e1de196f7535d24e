/** The events of a task as they happen. A broken stream is taken up again where it broke. */

import { ApiError } from '../../api/client';
import { scaffolder, type TaskEvent } from '../../api/scaffolder';
import { eventsOf, pause } from '../../api/sse';

const RETRY_MS = [500, 1000, 2000, 5000, 10_000];

export interface Listener {
  onEvents: (events: TaskEvent[]) => void;
  /** Whether events come; an error that will not go away by itself. */
  onState: (isConnected: boolean, error?: Error) => void;
}

/** Listens until the task is over or `signal` says stop. */
export async function follow(id: string, listener: Listener, signal: AbortSignal): Promise<void> {
  let after: number | undefined;
  let failures = 0;
  while (!signal.aborted) {
    try {
      for await (const events of read(id, after, signal)) {
        failures = 0;
        after = Math.max(after ?? 0, ...events.map(event => event.id));
        listener.onState(true);
        listener.onEvents(events);
        if (events.some(({ type }) => type === 'completion')) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      const isFinal = error instanceof ApiError && error.status >= 400 && error.status < 500;
      listener.onState(false, isFinal ? error : undefined);
      if (isFinal) return;
    }
    await pause(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 0, signal);
    failures += 1;
  }
}

async function* read(id: string, after: number | undefined, signal: AbortSignal) {
  const answer = await scaffolder.stream(id, after, signal);
  for await (const events of eventsOf(answer)) {
    yield events.map(({ data }) => JSON.parse(data) as TaskEvent);
  }
}
