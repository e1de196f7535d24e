import { expect, test } from 'vitest';
import type { PartName } from '../repoUrl';
import { branchFault, nameFault, nameFaults } from './names';

const hosts = ['gitlab', 'gitea', 'bitbucketServer', 'gerrit'].map(kind => ({
  host: `${kind}.acme.org`,
  kind,
}));

test('names that hosts take are no faults, and others are', () => {
  const cases: [string, PartName, string[], string[]][] = [
    ['github.com', 'owner', ['acme', 'a-b', 'ada_acme'], ['-a', 'a.b', 'a b', 'ä', 'a'.repeat(40)]],
    [
      'github.com',
      'repo',
      ['shop', '.github', 'acme.github.io', '-x_', '...'],
      ['my repo!!/..', '.', '..', 'a/b', 'a.git', 'ö', 'a'.repeat(101)],
    ],
    [
      'gitlab.acme.org',
      'owner',
      ['acme', 'acme/shop/web', '_a', '.hidden'],
      ['-a', 'a//b', 'a.', 'a/..', '../a', 'a b', 'a.git/b', 'a.atom'],
    ],
    ['gitlab.acme.org', 'repo', ['shop', 'a.b', '.well'], ['-a', 'a/b', 'a.git', '..', 'a b']],
    ['gitea.acme.org', 'owner', ['acme', 'a-b.c'], ['.a', 'a-', 'a--b', 'a/b']],
    ['gitea.acme.org', 'repo', ['shop', '.github', '-a'], ['-', '.', '..', 'a.wiki', 'a b']],
    ['bitbucket.org', 'workspace', ['acme_2', '{0a-1b}'], ['a.b', '{x', 'a b']],
    ['bitbucket.org', 'project', ['SHOP', 'S_1'], ['1S', 'S-1', 'S 1']],
    ['bitbucket.org', 'repo', ['shop', 'a.b_c'], ['Shop', 'a b', '..', 'a.git', 'a'.repeat(63)]],
    ['bitbucketServer.acme.org', 'project', ['SHOP', '~ada', '~ada.b'], ['1S', 'S/1', '~']],
    ['bitbucketServer.acme.org', 'repo', ['My shop', 'a.b'], ['.a', 'a/b', 'a!', 'a ']],
    ['dev.azure.com', 'organization', ['acme', 'a-b'], ['-a', 'a/b', 'a-', 'a b', 'a.b']],
    [
      'dev.azure.com',
      'project',
      ['My shop', 'Größe (neu)', 'a.b'],
      ['_a', '.a', 'a.', 'a/b', 'a*'],
    ],
    ['dev.azure.com', 'repo', ['shop', 'a b'], ['a:b', 'a[b', 'a\nb', 'a'.repeat(65)]],
    ['gerrit.acme.org', 'repo', ['a/b/c'], ['/a', 'a/', 'a/../b', 'a b', 'a.git']],
    ['code.acme.org', 'repo', ['shop', 'größe'], ['a b', 'a/b', '..']],
    ['code.acme.org', 'owner', ['a/b', '~ada'], ['a b', 'a/..']],
  ];
  for (const [host, part, fine, wrong] of cases) {
    for (const name of fine) expect(nameFault(part, name, host, hosts), name).toBeUndefined();
    for (const name of wrong)
      expect(nameFault(part, name, host, hosts), `${host} ${part} ${name}`).toMatch(/^is no name/);
  }
});

test('a fault tells what is allowed, and by whom', () => {
  expect(nameFault('repo', 'my repo!!/..', 'github.com')).toBe(
    'is no name that GitHub takes: letters, digits, “-”, “_” and “.”, not “.” or “..”, ' +
      'no “.git” at its end, at most 100 characters',
  );
  expect(nameFault('repo', '', 'github.com')).toBeUndefined();
});

test('every part of a repository has its faults', () => {
  expect(nameFaults('github.com?owner=acme&repo=shop')).toEqual({});
  expect(Object.keys(nameFaults('github.com?owner=a+b&repo=..'))).toEqual(['owner', 'repo']);
  expect(Object.keys(nameFaults('https://github.com?owner=a&repo=b'))).toEqual(['host']);
  expect(nameFaults('localhost:8443?owner=a&repo=b')).toEqual({});
});

test('branches are named as git takes them', () => {
  for (const name of ['main', 'feature/a-b', 'v1.0', 'größe', '@a'])
    expect(branchFault(name), name).toBeUndefined();
  const wrong = ['a b', 'a..b', '/a', 'a/', 'a//b', '-a', '.a', 'a/.b', 'a.', 'a.lock', 'a~1', '@'];
  for (const name of [...wrong, 'a@{1}', 'a[b', 'a\\b', 'a'.repeat(251)])
    expect(branchFault(name), name).toMatch(/git takes for a branch/);
});
