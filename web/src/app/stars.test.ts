import { expect, test } from 'vitest';
import { saveStar } from './stars';

/** The list of the portal; `meanwhile` is written by another browser after the first loading. */
function store(begin: string[], meanwhile?: string[]) {
  let kept = begin;
  let nLoads = 0;
  return {
    kept: () => kept,
    load: async () => {
      nLoads += 1;
      return [...kept];
    },
    write: async (refs: string[]) => {
      kept = refs;
      // Which had loaded the list before, too.
      if (nLoads === 1 && meanwhile) kept = meanwhile;
    },
  };
}

const many = Array.from({ length: 600 }, (_, at) => `n${at}`);

test.each([
  ['set', 'a', true, store(['b']), ['a', 'b']],
  ['taken away', 'a', false, store(['b', 'a']), ['b']],
  ['set beside many', 'a', true, store(many), ['a', ...many]],
  ['set while another browser sets one', 'a', true, store([], ['b']), ['a', 'b']],
  ['taken away while another browser sets one', 'a', false, store(['a'], ['b', 'a']), ['b']],
])('a star is %s', async (_, ref, isOn, portal, expected) => {
  await saveStar(ref, isOn, portal);
  expect(portal.kept()).toEqual(expected);
});

test('a refusal is told', async () => {
  const full = { load: async () => [], write: () => Promise.reject(new Error('full')) };
  await expect(saveStar('a', true, full)).rejects.toThrow('full');
});
