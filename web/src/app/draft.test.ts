import { expect, test } from 'vitest';
import { readDraft, writeDraft } from './draft';

function storeOf(kept: Map<string, string>) {
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
}

test('what was changed is kept, and what is as at the beginning is not', () => {
  const kept = new Map<string, string>();
  const store = storeOf(kept);
  writeDraft(store, 'form', { a: 1 }, { a: 0 });
  expect(readDraft(store, 'form')).toEqual({ a: 1 });
  writeDraft(store, 'form', { a: 0 }, { a: 0 });
  expect(readDraft(store, 'form')).toBeUndefined();
  writeDraft(store, 'form', 'x'.repeat(600_000), '');
  expect(kept.size).toBe(0);
});

test('a browser that keeps nothing, or rubbish, is no fault', () => {
  const refusing = {
    getItem: () => '{"a":',
    setItem: () => {
      throw new Error('full');
    },
    removeItem: () => undefined,
  };
  writeDraft(refusing, 'form', 1, 0);
  expect(readDraft(refusing, 'form')).toBeUndefined();
});
