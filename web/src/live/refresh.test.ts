import { QueryClient } from '@tanstack/react-query';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { refresher } from './refresh';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const KEYS = [
  ['entity', 'component:default/a'],
  ['entity', 'component:default/b'],
  ['summary', 'component:default/a'],
  ['rows', {}],
  ['audit', {}],
];

/** Which queries are old after a change and some time. */
function oldAfter(change: Parameters<ReturnType<typeof refresher>['apply']>[0], ms: number) {
  const client = new QueryClient();
  for (const key of KEYS) client.setQueryData(key, 'data');
  const { apply } = refresher(client);
  apply(change);
  vi.advanceTimersByTime(ms);
  return KEYS.filter(key => client.getQueryState(key)?.isInvalidated).map(([kind, ref]) =>
    typeof ref === 'string' ? `${kind} ${ref.at(-1)}` : kind,
  );
}

test('entities are loaded again at once, lists a little later', () => {
  const changed = { kind: 'entities' as const, changed: ['component:default/a'], removed: [] };
  const removed = { kind: 'entities' as const, changed: [], removed: ['component:default/b'] };
  expect(oldAfter(changed, 0)).toEqual(['entity a', 'summary a']);
  expect(oldAfter(changed, 300)).toEqual(['entity a', 'summary a', 'rows']);
  expect(oldAfter(removed, 300)).toEqual(['entity b', 'rows']);
  expect(oldAfter({ kind: 'reset' }, 300)).toEqual(['entity a', 'entity b', 'summary a', 'rows']);
  expect(oldAfter({ kind: 'ready' }, 300)).toEqual([]);
});

test('lists are loaded at most every two seconds', () => {
  const client = new QueryClient();
  let n = 0;
  vi.spyOn(client, 'invalidateQueries').mockImplementation(async filters => {
    if (filters?.predicate) n += 1;
  });
  const { apply } = refresher(client);
  for (let ms = 0; ms < 10_000; ms += 100) {
    apply({ kind: 'reset' });
    vi.advanceTimersByTime(100);
  }
  expect(n).toBe(5);
});
