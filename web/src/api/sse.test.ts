import { expect, test } from 'vitest';
import { eventsOf, type ServerEvent, takeEvents } from './sse';

const event = (data: string, id = '', name = 'message'): ServerEvent => ({ id, name, data });

test('events are taken when they are complete', () => {
  const cases: [string, ServerEvent[], string][] = [
    ['', [], ''],
    ['event: log\ndata: {"a"', [], 'event: log\ndata: {"a"'],
    ['id: 7\nevent: log\ndata: {}\n\n', [event('{}', '7', 'log')], ''],
    ['event: log\r\ndata: {}\r\n\r\nda', [event('{}', '', 'log')], 'da'],
    [': comment\n\ndata: 1\ndata: 2\n\n', [event('1\n2')], ''],
  ];
  for (const [buffer, events, rest] of cases) expect(takeEvents(buffer)).toEqual({ events, rest });
});

test('an answer is read wherever it is cut', async () => {
  const text = 'data: ä\n\n: \n\ndata: b\n\n';
  const bytes = new TextEncoder().encode(text);
  for (let at = 1; at < bytes.length; at += 1) {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(bytes.slice(0, at));
        controller.enqueue(bytes.slice(at));
        controller.close();
      },
    });
    const seen: ServerEvent[] = [];
    for await (const events of eventsOf(new Response(body))) seen.push(...events);
    expect(seen).toEqual([event('ä'), event('b')]);
  }
});

test('a silent stream fails', async () => {
  const events = eventsOf(new Response(new ReadableStream()), 1);
  await expect(events.next()).rejects.toThrow('silent');
});
