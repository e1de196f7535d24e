import { expect, test } from 'vitest';
import { grantsOf, originOf, targetOf } from './scopes';

test('where an answer goes is told without being misled', () => {
  const cases = [
    ['http://127.0.0.1:8055/callback', 'a program on this computer (port 8055)'],
    ['http://localhost/callback', 'a program on this computer (port 80)'],
    ['http://127.0.0.1.evil.org/callback', '127.0.0.1.evil.org'],
    ['https://localhost@evil.org/', 'evil.org'],
    ['cursor://anysphere/callback', 'anysphere'],
    ['vscode:/callback', 'the program that opens vscode:'],
    ['nonsense', 'nonsense'],
  ] as const;
  for (const [uri, told] of cases) expect(targetOf(uri), uri).toBe(told);
});

test('a program is known by its address, or not at all', () => {
  expect(originOf('https://claude.ai/oauth/client.json')).toEqual({
    isVerified: true,
    text: 'claude.ai',
  });
  expect(originOf('6ad4-registered').isVerified).toBe(false);
});

test('what is granted is said, with its limits', () => {
  const everything = [{ plugin: null, reach: 'delete' as const }];
  const whole = grantsOf({
    scope: 'openid offline_access',
    access: everything,
    resource: null,
  });
  expect(whole).toHaveLength(3);
  expect(whole[0]).toBe('Do everything you may do: read, change and delete, in the whole portal');
  const narrow = grantsOf({
    scope: 'catalog:read',
    access: [{ plugin: 'catalog', reach: 'read' }],
    resource: null,
  });
  expect(narrow).toEqual(['Read what you may read, in catalog']);
  const one = grantsOf({
    scope: '',
    access: everything,
    resource: 'https://p.acme.org/api/catalog',
  });
  expect(one[0]).toContain('below /api/catalog only');
});
