import { expect, test } from 'vitest';
import { hrefOf, pathOf } from './link';

test.each([
  ['https://git.example/a', undefined, 'https://git.example/a'],
  ['/catalog?q=a#b', '/catalog?q=a#b', '/catalog?q=a#b'],
  ['catalog', '/catalog', '/catalog'],
  ['/api/catalog/entities', undefined, undefined],
  // A browser takes two slashes, also backward ones, for a host.
  ['//evil.example', undefined, undefined],
  ['/\\evil.example', undefined, undefined],
  ['https://example.com/x', undefined, 'https://example.com/x'],
  ['javascript:alert(1)', undefined, undefined],
  ['#top', undefined, undefined],
])('%j leads to %j', (link, path, href) => {
  expect(pathOf(link)).toBe(path);
  expect(hrefOf(link)).toBe(href);
});
