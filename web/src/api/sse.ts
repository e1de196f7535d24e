/** Server-sent events, read from an answer: `EventSource` sends no credentials but cookies. */

export interface ServerEvent {
  id: string;
  name: string;
  data: string;
}

/** Splits a stream; gives the events that are complete, and the rest. */
export function takeEvents(buffer: string): { events: ServerEvent[]; rest: string } {
  const parts = buffer.replaceAll('\r\n', '\n').split('\n\n');
  const rest = parts.pop() ?? '';
  return { events: parts.flatMap(part => eventOf(part.split('\n')) ?? []), rest };
}

/** Blocks without data are signs of life. */
function eventOf(lines: string[]): ServerEvent | undefined {
  const values = (field: string) =>
    lines
      .filter(line => line.startsWith(`${field}:`))
      .map(line => line.slice(field.length + 1).trimStart());
  const data = values('data');
  if (data.length === 0) return undefined;
  return {
    id: values('id')[0] ?? '',
    name: values('event')[0] ?? 'message',
    data: data.join('\n'),
  };
}

/** The events of an answer as they come, in parts; fails after `silence` without a sign of life. */
export async function* eventsOf(
  answer: Response,
  silence = Number.POSITIVE_INFINITY,
): AsyncGenerator<ServerEvent[]> {
  const reader = answer.body?.getReader();
  const decoder = new TextDecoder();
  let buffer = '';
  try {
    while (reader) {
      const { done, value } = await within(reader.read(), silence);
      if (done) return;
      const { events, rest } = takeEvents(buffer + decoder.decode(value, { stream: true }));
      buffer = rest;
      if (events.length > 0) yield events;
    }
  } finally {
    reader?.cancel().catch(() => undefined);
  }
}

function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  if (ms === Number.POSITIVE_INFINITY) return promise;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('The stream is silent.')), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Waits, or not any longer when `signal` says stop. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
