import { expect, test } from 'vitest';
import { byOwner } from './complete';
import { askedBy, hostOfField, scopesFor } from './credentials';

const plain = (id: string) => ({ id, text: id });

test('repositories tell their owners', () => {
  const repositories = ['acme/shop', 'acme/web', 'ada/notes'].map(plain);
  const { owner, repo } = byOwner(repositories, [plain('attic')], 'acme');
  expect(owner.map(({ text }) => text)).toEqual(['attic', 'acme', 'ada']);
  expect(repo.map(({ text }) => text)).toEqual(['shop', 'web']);
});

test('a template asks for more than writing, by sort of host', () => {
  const asked = askedBy({
    requestUserCredentials: {
      secretsKey: 'TOKEN',
      additionalScopes: { github: ['workflow', 'repo'], bitbucket: ['webhook'], gitlab: 'wrong' },
    },
  });
  if (!asked) throw new Error('nothing is asked for');
  expect(scopesFor('github', asked)).toEqual(['repo', 'read:org', 'read:user', 'gist', 'workflow']);
  expect(scopesFor('bitbucketCloud', asked)).toContain('webhook');
  expect(scopesFor('gitlab', asked)).not.toContain('wrong');
  expect(askedBy({ requestUserCredentials: { additionalScopes: {} } })).toBeUndefined();
  expect(askedBy({})).toBeUndefined();
});

test('a field is about the host of its value, its options, or the repository of the form', () => {
  const form = { repoUrl: 'git.acme.org?owner=a&repo=b' };
  const cases: [string, unknown, Record<string, unknown>, string][] = [
    ['RepoUrlPicker', 'github.com?owner=a', {}, 'github.com'],
    ['RepoUrlPicker', undefined, { allowedHosts: ['x.org'] }, 'x.org'],
    ['RepoOwnerPicker', 'a', { host: 'y.org' }, 'y.org'],
    ['RepoOwnerPicker', 'a', {}, 'git.acme.org'],
    ['RepoBranchPicker', 'main', { host: 'y.org' }, 'git.acme.org'],
  ];
  for (const [field, value, options, host] of cases)
    expect(hostOfField(field, value, options, form), field).toBe(host);
});
