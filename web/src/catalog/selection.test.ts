import { expect, test } from 'vitest';
import { changed, keepSelection, keptSelection } from './selection';

test('what is selected is added and taken away', () => {
  const one = changed(new Set(), ['a', 'b'], true);
  expect([...one]).toEqual(['a', 'b']);
  expect([...changed(one, ['b', 'c'], false)]).toEqual(['a']);
  expect([...one], 'the old one stays as it is').toEqual(['a', 'b']);
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
