/**
 * The events of a task as they happen. A broken stream is taken up again where it broke; a task that is
 * over is looked at again now and then, because anybody may have it tried again.
 */

import { ApiError } from '../../api/client';
import { scaffolder, type TaskEvent } from '../../api/scaffolder';
import { eventsOf, pause } from '../../api/sse';
import { untilVisible } from './visible';

const RETRY_MS = [500, 1000, 2000, 5000, 10_000];
/** Between looks at a task that is over: the longer it has been, the less is to be expected. */
const LOOK_MS = [2000, 2000, 3000, 5000, 10_000, 20_000, 30_000];

export interface Listener {
  onEvents: (events: TaskEvent[]) => void;
  /** Whether events come; an error that will not go away by itself. */
  onState: (isConnected: boolean, error?: Error) => void;
  /** The task has ended, or goes on again. */
  onTurn: () => void;
}

const isFinal = (error: unknown) =>
  error instanceof ApiError && error.status >= 400 && error.status < 500;
const nth = (times: number[], n: number) => times[Math.min(n, times.length - 1)] ?? 0;

/** Listens until `signal` says stop, through all its attempts. */
export async function follow(id: string, listener: Listener, signal: AbortSignal): Promise<void> {
  const heard: Heard = { last: 0, isOver: false };
  while (await listen(id, heard, listener, signal)) {
    listener.onTurn();
    const again = await untilAgain(id, heard.last, signal);
    if (!again) return;
    take(heard, again, listener);
    listener.onTurn();
  }
}

/** What is known of a task so far. */
interface Heard {
  /** The id of the last event. */
  last: number;
  isOver: boolean;
}

function take(heard: Heard, events: TaskEvent[], listener: Listener): void {
  // How a task ended is told again to who asks for what came after it.
  const fresh = events.filter(({ id }) => id > heard.last);
  if (fresh.length === 0) return;
  for (const { id, type } of fresh) {
    heard.last = Math.max(heard.last, id);
    if (type === 'completion') heard.isOver = true;
    if (type === 'recovered') heard.isOver = false;
  }
  listener.onEvents(fresh);
}

/** Listens to one attempt; whether it was heard to end. */
async function listen(
  id: string,
  heard: Heard,
  listener: Listener,
  signal: AbortSignal,
): Promise<boolean> {
  let failures = 0;
  while (!signal.aborted && !heard.isOver) {
    try {
      for await (const events of read(id, heard.last, signal)) {
        failures = 0;
        listener.onState(true);
        take(heard, events, listener);
        if (heard.isOver) return true;
      }
    } catch (error) {
      if (signal.aborted) return false;
      listener.onState(false, isFinal(error) ? (error as Error) : undefined);
      if (isFinal(error)) return false;
    }
    await pause(nth(RETRY_MS, failures), signal);
    failures += 1;
  }
  return heard.isOver;
}

async function* read(id: string, after: number, signal: AbortSignal) {
  const answer = await scaffolder.stream(id, after, signal);
  for await (const events of eventsOf(answer)) {
    yield events.map(({ data }) => JSON.parse(data) as TaskEvent);
  }
}

/** Waits until a task that is over has new events; none when nobody is to wait any longer. */
async function untilAgain(
  id: string,
  last: number,
  signal: AbortSignal,
): Promise<TaskEvent[] | undefined> {
  for (let n = 0; !signal.aborted; n += 1) {
    // Who comes back wants to know at once, and for a while.
    if (await untilVisible(nth(LOOK_MS, n), signal)) n = 0;
    if (signal.aborted) return undefined;
    try {
      const events = await scaffolder.events(id, last, signal);
      if (events.some(event => event.id > last)) return events;
    } catch (error) {
      // What is shown is not wrong because of it.
      if (isFinal(error)) return undefined;
    }
  }
  return undefined;
}
