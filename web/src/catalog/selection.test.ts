import { expect, test } from 'vitest';
import { type Listing, MAX_SELECTED } from './rows';
import { changed, isWhole, keepSelection, keepWhole, keptSelection } from './selection';

test('what is selected is added and taken away', () => {
  const one = changed(new Set(), ['a', 'b'], true);
  expect([...one]).toEqual(['a', 'b']);
  expect([...changed(one, ['b', 'c'], false)]).toEqual(['a']);
  expect([...one], 'the old one stays as it is').toEqual(['a', 'b']);
});

test('no more are selected than may be', () => {
  const many = Array.from({ length: MAX_SELECTED - 1 }, (_, n) => `many ${n}`);
  const full = changed(changed(new Set(), many, true), ['a', 'b'], true);
  expect(full.size).toBe(MAX_SELECTED);
  expect([full.has('a'), full.has('b')]).toEqual([true, false]);
  expect(changed(full, ['a'], true), 'what is there already stays').toEqual(full);
  const other = changed(changed(full, ['a'], false), ['b'], true);
  expect([other.has('a'), other.has('b')]).toEqual([false, true]);
});

const listing = (text: string): Listing => ({
  text,
  sort: { field: 'metadata.name', order: 'asc' },
});

test('a list is selected as a whole by what it has, not by how many are selected', () => {
  const elsewhere = new Set(['a', 'b', 'c', 'd', 'e']);
  expect(isWhole(listing('few'), 3, elsewhere)).toBe(false);
  const refs = ['x', 'y', 'z'];
  const all = changed(elsewhere, refs, true);
  keepWhole(listing('few'), refs);
  expect(isWhole(listing('few'), 3, all)).toBe(true);
  expect(isWhole(listing('other'), 3, all), 'another filter').toBe(false);
  expect(isWhole(listing('few'), 4, all), 'it has more by now').toBe(false);
  expect(isWhole(listing('few'), 3, changed(all, ['y'], false)), 'one is missing').toBe(false);
});

test('a list without rows is not selected as a whole', () => {
  keepWhole(listing('none'), []);
  expect(isWhole(listing('none'), 0, new Set())).toBe(false);
});

test('each entry of the history has its own, and old ones are forgotten', () => {
  keepSelection('first', new Set(['a']));
  keepSelection('second', new Set(['b']));
  expect([...keptSelection('first')]).toEqual(['a']);
  keepSelection('first', new Set());
  expect([...keptSelection('first')]).toEqual([]);
  for (let n = 0; n < 60; n += 1) keepSelection(`other ${n}`, new Set(['c']));
  expect([...keptSelection('second')]).toEqual([]);
  expect([...keptSelection('other 59')]).toEqual(['c']);
});
