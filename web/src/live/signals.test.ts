import { expect, test, vi } from 'vitest';
import { channelOf, hearSignals } from './signals';

vi.mock('../session/session', () => ({ session: { token: async () => 'token' } }));

/** A socket that does what it is told. */
class Double {
  static all: Double[] = [];
  sent: string[] = [];
  onopen?: () => void;
  onmessage?: (event: { data: string }) => void;
  onclose?: () => void;
  constructor() {
    Double.all.push(this);
  }
  send(text: string) {
    this.sent.push(text);
  }
  close() {
    this.onclose?.();
  }
}

test('a page asks for its channels each time, and hears what is said in them', async () => {
  vi.useFakeTimers();
  const heard: string[] = [];
  const stop = new AbortController();
  const over = hearSignals(
    ['notifications'],
    { onSignal: channel => heard.push(channel), onOpen: () => heard.push('open') },
    stop.signal,
    () => new Double() as unknown as WebSocket,
  );
  await vi.waitFor(() => expect(Double.all).toHaveLength(1));
  const [first] = Double.all;
  first?.onopen?.();
  first?.onmessage?.({ data: '{"channel":"notifications","message":{}}' });
  first?.onmessage?.({ data: 'weather' });
  expect(first?.sent).toEqual(['{"action":"subscribe","channel":"notifications"}']);
  expect(heard).toEqual(['open', 'notifications']);
  first?.onclose?.();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Double.all).toHaveLength(2);
  Double.all[1]?.onopen?.();
  expect(heard).toEqual(['open', 'notifications', 'open']);
  stop.abort();
  await over;
  expect(Double.all).toHaveLength(2);
  vi.useRealTimers();
});

test('what is no signal is passed over', () => {
  expect(channelOf('{"channel":"a"}')).toBe('a');
  for (const text of ['', '{', '[]', '{"channel":1}', 'null']) {
    expect(channelOf(text), text).toBeUndefined();
  }
});
