import { beforeEach, expect, test, vi } from 'vitest';
import type { Entity } from '../api/entity';

const store = new Map<string, string>();
let user = 'user:default/ann';
vi.mock('../session/session', () => ({
  session: { get: () => ({ status: 'signed-in', user: { userEntityRef: user } }) },
}));

const entity = (name: string): Entity => ({
  apiVersion: '',
  kind: 'Component',
  metadata: { name },
});
const many = (n: number, word: string) => Array.from({ length: n }, (_, at) => entity(word + at));

beforeEach(() => {
  store.clear();
  user = 'user:default/ann';
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => store.get(key) ?? null,
    setItem: (key: string, value: string) => store.set(key, value),
  });
  vi.resetModules();
});

const names = (index: ReadonlyMap<string, Entity>) =>
  [...index.values()].map(({ metadata }) => metadata.name);

test('what was looked for stays when the index is filled, and outlives a reload', async () => {
  const first = await import('./cache');
  first.learn([entity('seen')]);
  first.fill(many(5000, 'other'), 1000);
  expect(first.indexed().size).toBe(2000);
  expect(names(first.indexed())).toContain('seen');
  expect(first.isOld(2000)).toBe(false);
  expect(first.isOld(1000 + 2 * 60 * 60_000)).toBe(true);
  first.learn(many(1999, 'new'));
  vi.resetModules();
  const second = await import('./cache');
  expect(names(second.indexed())).toContain('seen');
  expect(names(second.indexed())).toContain('new1998');
});

test('nobody finds the names that somebody else has seen', async () => {
  const { learn, indexed, isOld, fill } = await import('./cache');
  fill([entity('secret')]);
  user = 'user:default/bob';
  expect(indexed().size).toBe(0);
  expect(isOld()).toBe(true);
  learn([entity('open')]);
  expect(names(indexed())).toEqual(['open']);
});
