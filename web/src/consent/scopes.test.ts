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

test('what is granted is said, also when nobody knows the scope', () => {
  const whole = grantsOf({
    clientId: '',
    scope: 'openid offline_access catalog.read',
    resource: null,
  });
  expect(whole).toHaveLength(4);
  expect(whole[0]).toContain('in this portal');
  expect(whole.at(-1)).toContain('catalog.read');
  const narrow = grantsOf({ clientId: '', scope: '', resource: 'https://p.acme.org/api/catalog' });
  expect(narrow).toEqual(['Do everything you may do, but only below /api/catalog']);
});
