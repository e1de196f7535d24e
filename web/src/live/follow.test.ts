import { expect, test } from 'vitest';
import { ApiError } from '../api/client';
import { type Change, follow, readChange } from './follow';

const event = (id: number, name: string, data: object = {}) =>
  `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
const one = { changed: ['component:default/a'], removed: [] };

/** Listens to streams that end, one after the other; what was heard, sent and told. */
async function listenTo(streams: (string | Error)[], since: string | null = null) {
  const stop = new AbortController();
  const asked: (string | undefined)[] = [];
  const heard: Change[] = [];
  const states: boolean[] = [];
  const open = async (_path: string, options?: { headers?: Record<string, string> }) => {
    asked.push(options?.headers?.['Last-Event-ID']);
    const next = streams.shift();
    if (next === undefined) {
      stop.abort();
      throw new Error('over');
    }
    if (next instanceof Error) throw next;
    return new Response(next);
  };
  const listener = {
    onChange: (change: Change) => heard.push(change),
    onState: (isConnected: boolean) => states.push(isConnected),
  };
  await follow(since, listener, stop.signal, open);
  return { asked, heard, states };
}

test('a stream is taken up after its last event', async () => {
  const first = event(3, 'ready') + event(4, 'entities', one);
  const { asked, heard } = await listenTo([first, event(4, 'ready')], '2');
  expect(asked).toEqual(['2', '4', '4']);
  expect(heard).toEqual([{ kind: 'ready' }, { kind: 'entities', ...one }, { kind: 'ready' }]);
});

test('a portal that is away is told, and asked again', async () => {
  const { states } = await listenTo([new TypeError('refused'), event(1, 'ready')]);
  expect(states).toEqual([false, true]);
});

test('a refusal is not repeated', async () => {
  const refused = new ApiError('no', 403, 'NotAllowedError', 'GET', null);
  const { asked } = await listenTo([refused, event(1, 'ready')]);
  expect(asked).toEqual([undefined]);
});

test('events of a newer portal are passed over', () => {
  expect(readChange({ id: '1', name: 'weather', data: 'sunny' })).toBeUndefined();
});
