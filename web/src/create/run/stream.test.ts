import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ApiError } from '../../api/client';
import { scaffolder, type TaskEvent } from '../../api/scaffolder';
import { follow } from './stream';

vi.mock('../../api/scaffolder', () => ({ scaffolder: { stream: vi.fn(), events: vi.fn() } }));

const stream = vi.mocked(scaffolder.stream);
const events = vi.mocked(scaffolder.events);

const event = (id: number, type: TaskEvent['type']): TaskEvent => ({
  id,
  taskId: 't',
  type,
  createdAt: '2026-11-21T10:00:00.000Z',
  body: {},
});

const answer = (...parts: TaskEvent[]) =>
  new Response(parts.map(it => `event: ${it.type}\ndata: ${JSON.stringify(it)}\n\n`).join(''));

const page = Object.assign(new EventTarget(), { hidden: false });

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', page);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.resetAllMocks();
  page.hidden = false;
});

/** Follows a task; what was heard so far. */
function hear() {
  const heard: (number | string)[] = [];
  const stop = new AbortController();
  const listener = {
    onEvents: (all: TaskEvent[]) => void heard.push(...all.map(({ id }) => id)),
    onState: () => undefined,
    onTurn: () => void heard.push('turn'),
  };
  const done = follow('t', listener, stop.signal);
  return { heard, stop, done };
}

test('a run that has ended is looked at again, and followed when it goes on', async () => {
  const end = event(2, 'completion');
  stream.mockResolvedValueOnce(answer(event(1, 'log'), end));
  // How it ended is told again, and is nothing new.
  events.mockResolvedValueOnce([end]);
  events.mockResolvedValueOnce([event(3, 'recovered'), event(4, 'log')]);
  stream.mockResolvedValueOnce(answer(event(5, 'completion')));
  events.mockResolvedValue([event(5, 'completion')]);
  const { heard, stop, done } = hear();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(heard).toEqual([1, 2, 'turn', 3, 4, 'turn', 5, 'turn']);
  expect(stream.mock.calls.map(([, after]) => after)).toEqual([0, 4]);
  stop.abort();
  await done;
});

test('one that was tried again and has ended meanwhile is not listened to', async () => {
  stream.mockResolvedValueOnce(answer(event(1, 'completion')));
  events.mockResolvedValueOnce([event(2, 'recovered'), event(3, 'completion'), event(4, 'log')]);
  events.mockResolvedValue([event(3, 'completion')]);
  const { heard, stop, done } = hear();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(heard.filter(it => it !== 'turn')).toEqual([1, 2, 3, 4]);
  expect(stream).toHaveBeenCalledTimes(1);
  stop.abort();
  await done;
});

test('looks become rare, and none is made where nobody looks', async () => {
  stream.mockResolvedValueOnce(answer(event(1, 'completion')));
  events.mockResolvedValue([event(1, 'completion')]);
  const { stop, done } = hear();
  await vi.advanceTimersByTimeAsync(600_000);
  const n = events.mock.calls.length;
  expect(n).toBeGreaterThan(10);
  expect(n).toBeLessThan(30);
  page.hidden = true;
  page.dispatchEvent(new Event('visibilitychange'));
  await vi.advanceTimersByTimeAsync(600_000);
  expect(events.mock.calls.length).toBe(n);
  page.hidden = false;
  page.dispatchEvent(new Event('visibilitychange'));
  await vi.advanceTimersByTimeAsync(0);
  expect(events.mock.calls.length).toBe(n + 1);
  stop.abort();
  await done;
});

test('a run that was removed is not asked for again, and an outage ends nothing', async () => {
  stream.mockResolvedValueOnce(answer(event(1, 'completion')));
  events.mockRejectedValueOnce(new ApiError('offline', 0, 'NetworkError', 'GET', null));
  events.mockRejectedValueOnce(new ApiError('gone', 404, 'NotFoundError', 'GET', null));
  const { done } = hear();
  await vi.advanceTimersByTimeAsync(60_000);
  await done;
  expect(events).toHaveBeenCalledTimes(2);
});
