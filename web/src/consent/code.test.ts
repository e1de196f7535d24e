import { expect, test } from 'vitest';
import { readCode, showCode } from './code';

test('a code may be typed in any way', () => {
  for (const text of ['BCDF-GHJK', 'bcdfghjk', ' bcdf ghjk ', 'bcdf-ghjk-more']) {
    expect(showCode(readCode(text)), text).toBe('BCDF-GHJK');
  }
  expect(showCode(readCode('bcdf'))).toBe('BCDF');
  expect(showCode(readCode('bcdf-'))).toBe('BCDF');
});
