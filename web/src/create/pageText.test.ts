import { expect, test } from 'vitest';
import { pageIn, pageText } from './pageText';

test('pages of a form are counted from one in addresses', () => {
  const cases: [string | undefined, number][] = [
    [undefined, 0],
    ['1', 0],
    ['2', 1],
    ['4', 3],
    ['5', 3],
    ['0', 0],
    ['-1', 0],
    ['1.5', 0],
    ['x', 0],
    ['', 0],
  ];
  for (const [text, page] of cases) expect(pageIn(text, 3), text).toBe(page);
  expect([0, 1, 3].map(pageText)).toEqual([undefined, '2', '4']);
  for (const page of [0, 1, 2, 3]) expect(pageIn(pageText(page), 3)).toBe(page);
});
