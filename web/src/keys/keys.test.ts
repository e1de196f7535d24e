import { expect, test } from 'vitest';
import { type Binding, caps, find, isPlain, nameOf } from './keys';

const event = { key: 'k', ctrlKey: false, metaKey: false, altKey: false };

test.each([
  [{}, 'k'],
  [{ ctrlKey: true }, 'mod+k'],
  [{ metaKey: true, key: 'K' }, 'mod+k'],
  [{ key: '?' }, '?'],
  [{ key: 'Enter' }, 'enter'],
  [{ key: 'G' }, 'G'],
  [{ altKey: true }, ''],
])('%o is called %j', (change, name) => {
  expect(nameOf({ ...event, ...change })).toBe(name);
});

test('what was registered last wins', () => {
  const binding = (keys: string, label: string): Binding => ({
    keys,
    label,
    group: '',
    run: () => {},
  });
  const all = [binding('j', 'page'), binding('k', 'page'), binding('j', 'list')];
  expect(find(all, 'j')?.label).toBe('list');
  expect(find(all, 'k')?.label).toBe('page');
  expect(find(all, 'x')).toBeUndefined();
});

test.each([
  ['j', true],
  ['?', true],
  ['g h', true],
  ['mod+k', false],
  ['enter', false],
  ['arrowdown', false],
])('%j is made of letters and signs alone: %j', (keys, isIt) => {
  expect(isPlain(keys)).toBe(isIt);
});

test('caps are those of a keyboard', () => {
  expect(caps('mod+k')).toEqual(['Ctrl', 'K']);
  expect(caps('g h')).toEqual(['g', 'h']);
  expect(caps('enter')).toEqual(['Enter']);
});
