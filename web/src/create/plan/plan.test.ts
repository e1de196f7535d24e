import { expect, test } from 'vitest';
import type { Planned } from '../../api/scaffolder';
import { linesOf, summaryOf } from './plan';

const planned = (plan: Planned['plan'], n: number): Planned => ({
  log: [],
  output: {},
  steps: [],
  directoryContents: Array.from({ length: n }, (_, at) => ({
    path: `${at}.txt`,
    base64Content: '',
  })),
  plan,
});

test('a plan in one line: questions to other services change nothing', () => {
  const step = { stepId: 'p', name: 'Publish', action: 'publish:github' };
  const calls = [
    { method: 'GET', url: 'https://api.example/users/acme' },
    { method: 'POST', url: 'https://api.example/orgs/acme/repos', body: { name: 'shop' } },
  ];
  const catalog = [{ change: 'register', target: 'https://git.example', entities: [] }];
  expect(
    summaryOf(
      planned(
        [
          { ...step, calls },
          { ...step, catalog },
        ],
        2,
      ),
    ),
  ).toBe('2 files, 1 change at other services, 1 change of the catalog');
  expect(summaryOf(planned([], 1))).toBe(
    '1 file, no changes at other services, no changes of the catalog',
  );
});

test('the lines of a difference', () => {
  const diff = '--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n';
  expect(linesOf(diff).map(({ sort }) => sort)).toEqual(['same', 'same', 'removed', 'added']);
});
