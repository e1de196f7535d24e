import { expect, test } from 'vitest';
import { missingOf, partsFor, readRepoUrl, writeRepoUrl } from './repoUrl';

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
