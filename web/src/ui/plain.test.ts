import { expect, test } from 'vitest';
import { hasMarks, plainText } from './plain';

test.each([
  [undefined, ''],
  ['Sells tickets.', 'Sells tickets.'],
  ['# Sells\n\n- tickets\n- **seats**', 'Sells tickets seats'],
  ['See [the guide](https://docs.example/a) and `make`.', 'See the guide and make.'],
  ['*New*, _not_ old_and_grey, 2 * 3 * 4', 'New, not old_and_grey, 2 * 3 * 4'],
  ['> ![logo](logo.png) <https://a.example>', 'logo https://a.example'],
  ['\\*as it is\\*', '*as it is*'],
  ['**open', '**open'],
])('%j reads %j', (text, expected) => expect(plainText(text)).toBe(expected));

test('long texts are cut before they are read', () => {
  expect(plainText('[a]('.repeat(50_000)).length).toBeLessThanOrEqual(500);
  expect(plainText('*_'.repeat(50_000)).length).toBeLessThanOrEqual(500);
});

test.each([
  ['Sells tickets - and more.', false],
  ['Sells **tickets**', true],
  ['- one\n- two', true],
  ['First.\n\nSecond.', true],
  ['See https://a.example', true],
])('%j has marks: %j', (text, expected) => expect(hasMarks(text)).toBe(expected));
