/** The changes of the catalog as they happen. A broken stream is taken up where it broke. */

import { ApiError, answerOf } from '../api/client';
import { eventsOf, pause, type ServerEvent } from '../api/sse';

const PATH = '/api/catalog/changes';
const RETRY_MS = [500, 1000, 2000, 5000, 10_000];
/** Three times the portal's sign of life. */
const SILENCE_MS = 45_000;

export type Change =
  /** The stream is open; everything after this is told. */
  | { kind: 'ready' }
  /** Entities by reference; `removed` ones are gone, or no longer to be seen. */
  | { kind: 'entities'; changed: string[]; removed: string[] }
  /** Whatever is known may be old. */
  | { kind: 'reset' };

export interface Listener {
  onChange: (change: Change, id: string) => void;
  onState: (isConnected: boolean) => void;
}

/** What an event says; `undefined` for one of a newer portal. */
export function readChange({ name, data }: ServerEvent): Change | undefined {
  if (name === 'ready' || name === 'reset') return { kind: name };
  if (name !== 'entities') return undefined;
  const { changed, removed } = JSON.parse(data) as { changed: string[]; removed: string[] };
  return { kind: name, changed, removed };
}

/** Refusals that another try does not change. */
function isFinal(error: unknown): boolean {
  return error instanceof ApiError && [400, 403, 404, 501].includes(error.status);
}

/** Listens until `signal` says stop, from after the event `since`. */
export async function follow(
  since: string | null,
  listener: Listener,
  signal: AbortSignal,
  open = answerOf,
): Promise<void> {
  let last = since;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const headers: Record<string, string> = { Accept: 'text/event-stream' };
      if (last !== null) headers['Last-Event-ID'] = last;
      for await (const events of eventsOf(await open(PATH, { signal, headers }), SILENCE_MS)) {
        failures = 0;
        listener.onState(true);
        for (const event of events) {
          last = event.id;
          const change = readChange(event);
          if (change) listener.onChange(change, event.id);
        }
      }
    } catch (error) {
      if (signal.aborted || isFinal(error)) return;
      failures += 1;
      listener.onState(false);
    }
    // Not all tabs at the same moment after the portal was away.
    const most = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 0;
    await pause(most * (0.5 + Math.random() / 2), signal);
  }
}
