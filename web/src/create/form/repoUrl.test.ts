import { expect, test } from 'vitest';
import { missingOf, partsFor, readRepoUrl, refusedOf, writeRepoUrl } from './repoUrl';

test('every sort of host has its own parts', () => {
  expect(partsFor('github.com')).toEqual(['owner', 'repo']);
  expect(partsFor('dev.azure.com')).toEqual(['organization', 'project', 'repo']);
  expect(partsFor('bitbucket.org')).toEqual(['workspace', 'project', 'repo']);
  expect(partsFor('bitbucket.acme.org')).toEqual(['project', 'repo']);
});

test('what is written is what is read, without slashes around it', () => {
  const url = writeRepoUrl({ host: 'github.com', owner: ' /acme/ ', repo: 'a b' });
  expect(url).toBe('github.com?owner=acme&repo=a+b');
  expect(readRepoUrl(url)).toEqual({ host: 'github.com', owner: 'acme', repo: 'a b' });
  expect(missingOf(url)).toEqual([]);
  expect(missingOf('github.com?owner=acme')).toEqual(['repo']);
  expect(missingOf('')).toEqual(['host', 'owner', 'repo']);
});

test('what runs at a host is known from the configuration, not from its name', () => {
  const hosts = [
    { host: 'code.acme.org', kind: 'azure' },
    { host: 'bitbucket.acme.org', kind: 'github' },
  ];
  expect(partsFor('code.acme.org', hosts)).toEqual(['organization', 'project', 'repo']);
  expect(partsFor('bitbucket.acme.org', hosts)).toEqual(['owner', 'repo']);
});

test('what a template does not allow is refused, wherever it comes from', () => {
  const options = { allowedHosts: ['github.com'], allowedOwners: ['acme'], allowedRepos: [] };
  expect(refusedOf('github.com?owner=acme&repo=x', options)).toEqual([]);
  expect(refusedOf('github.com?owner=evil&repo=x', options)).toEqual(['owner']);
  expect(refusedOf('evil.example?owner=acme&repo=x', options)).toEqual(['host']);
});
