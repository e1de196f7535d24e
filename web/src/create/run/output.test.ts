import { expect, test } from 'vitest';
import { addressOf } from './output';

test('links lead elsewhere, or to a page of the portal, and run nothing', () => {
  expect(addressOf('https://git.example/a')).toBe('https://git.example/a');
  expect(addressOf('/catalog')).toBe('/catalog');
  for (const bad of ['javascript:alert(1)', '//evil.example', '/\\evil.example', 'catalog', '']) {
    expect(addressOf(bad), bad).toBeUndefined();
  }
});
