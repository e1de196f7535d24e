import { expect, test } from 'vitest';
import { reasonOf } from './former';

test.each([
  [true, ['kind'], 'From the same file when this went'],
  [true, ['kind', 'spec'], 'From the same file when this went, with the same spec'],
  [
    false,
    ['kind', 'title', 'description', 'spec'],
    'From the same file, with the same title, description and spec',
  ],
] as const)('what speaks for it is said: %s %j', (cameThen, alike, words) => {
  expect(reasonOf({ cameThen, alike: [...alike] })).toBe(words);
});
