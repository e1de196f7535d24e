import { beforeEach, expect, test, vi } from 'vitest';

const store = new Map<string, string>();
const kept = () => [...store].filter(([key, value]) => key !== 'callboard.look' && value !== '[]');

beforeEach(() => {
  store.clear();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => store.get(key) ?? null,
    setItem: (key: string, value: string) => store.set(key, value),
    removeItem: (key: string) => store.delete(key),
  });
  vi.resetModules();
});

/** A browser in which somebody looked at something, starred it, and looked for it. */
async function used() {
  const browser = await import('./kept');
  browser.keepFor('user:default/ann');
  browser.recent.add('component:default/ledger');
  browser.stars.add('component:default/ledger');
  store.set(browser.NAMES, '{"user":"user:default/ann","names":[{"name":"ledger"}]}');
  store.set('callboard.look', '{"theme":"dark"}');
  return browser;
}

test('nothing of who signed out is left', async () => {
  const { forgetKept, recent, stars } = await used();
  forgetKept();
  expect(kept()).toEqual([]);
  expect([...stars.get(), ...recent.get()]).toEqual([]);
  expect(store.get('callboard.look')).toBe('{"theme":"dark"}');
});

test('somebody else finds nothing, also when nobody signed out', async () => {
  const { keepFor, recent, stars } = await used();
  keepFor('user:default/bob');
  expect(kept()).toEqual([['callboard.kept-for', 'user:default/bob']]);
  expect([...stars.get(), ...recent.get()]).toEqual([]);
});

test('who comes back finds everything', async () => {
  await used();
  vi.resetModules();
  const { keepFor, stars } = await import('./kept');
  keepFor('user:default/ann');
  expect(stars.get()).toEqual(['component:default/ledger']);
});

test('what an older version kept belongs to nobody', async () => {
  store.set('callboard.names', '[{"name":"ledger"}]');
  const { keepFor } = await import('./kept');
  keepFor('user:default/ann');
  expect(store.has('callboard.names')).toBe(false);
});

test('stars are not cut, and a full browser is no error', async () => {
  const { stars } = await import('./kept');
  const many = Array.from({ length: 600 }, (_, at) => `component:default/n${at}`);
  stars.replace(many);
  stars.add('component:default/new');
  expect(stars.get()).toHaveLength(601);
  vi.stubGlobal('localStorage', {
    setItem: () => {
      throw new DOMException('', 'QuotaExceededError');
    },
  });
  stars.toggle('component:default/new');
  expect(stars.get()).toEqual(many);
});
