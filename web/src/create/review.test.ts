import { expect, test } from 'vitest';
import { reviewOf } from './review';

test('every value is shown under its title, and no secret', () => {
  const pages = [
    {
      properties: {
        name: { title: 'Name', type: 'string' },
        password: { type: 'string', 'ui:widget': 'password' },
        token: { type: 'string', 'ui:field': 'Secret' },
        hidden: { 'ui:backstage': { review: { show: false } } },
        masked: { 'ui:backstage': { review: { mask: '<set>' } } },
      },
      dependencies: { name: { oneOf: [{ properties: { later: { title: 'Later' } } }] } },
    },
    { properties: { database: { title: 'Database', properties: { size: { title: 'Size' } } } } },
  ];
  const values = {
    name: 'shop',
    password: 'geheim',
    token: '******',
    hidden: 'x',
    masked: 'y',
    later: ['a', 'b'],
    database: { size: 5 },
    unknown: true,
    absent: undefined,
  };
  const lines = reviewOf(pages, values).map(({ label, text }) => `${label}: ${text}`);
  expect(lines).toEqual([
    'Name: shop',
    'password: ••••••',
    'token: ••••••',
    'masked: <set>',
    'Later: a, b',
    'Database / Size: 5',
    'unknown: yes',
  ]);
});

test('lines stand in the order of the pages, whatever was filled in first', () => {
  const pages = [{ properties: { a: {}, b: {} } }, { properties: { c: {} } }];
  const labels = reviewOf(pages, { other: 1, c: 2, b: 3, a: 4 }).map(({ label }) => label);
  expect(labels).toEqual(['a', 'b', 'c', 'other']);
});

test('what is secret in a list is not shown either', () => {
  const pages = [
    {
      properties: {
        keys: { title: 'Keys', items: { properties: { key: { 'ui:widget': 'password' } } } },
      },
    },
  ];
  const lines = reviewOf(pages, { keys: [{ key: 'geheim', name: 'a' }] });
  expect(lines).toEqual([{ label: 'Keys', text: '{"name":"a"}' }]);
});
