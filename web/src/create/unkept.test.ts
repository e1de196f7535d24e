import { expect, test } from 'vitest';
import { firstSecretPage, withoutSecrets } from './unkept';

test('what is secret is no part of what is kept', () => {
  const pages = [
    { properties: { name: { type: 'string' } } },
    {
      properties: {
        token: { type: 'string', 'ui:field': 'Secret' },
        password: { type: 'string', 'ui:options': { widget: 'password' } },
        login: { properties: { user: {}, pin: { 'ui:widget': 'password' } } },
        hosts: { type: 'array', items: { properties: { key: { 'ui:widget': 'password' } } } },
        keys: { type: 'array', items: { 'ui:widget': 'password' } },
      },
    },
  ];
  const values = {
    name: 'a',
    token: '***',
    password: 'b',
    login: { user: 'c', pin: 'd' },
    hosts: [{ key: 'e', name: 'f' }],
    keys: ['g'],
  };
  expect(withoutSecrets(values, pages)).toEqual({
    name: 'a',
    login: { user: 'c' },
    hosts: [{ name: 'f' }],
    keys: [],
  });
  expect(firstSecretPage(pages)).toBe(1);
  expect(firstSecretPage(pages.slice(0, 1))).toBeUndefined();
});

test('what the last page does not show, or only a mask of, is not kept either', () => {
  const pages = [
    {
      properties: {
        name: { 'ui:backstage': { review: { name: 'Called' } } },
        hidden: { 'ui:backstage': { review: { show: false } } },
        masked: { 'ui:backstage': { review: { mask: '<set>' } } },
        quiet: { 'ui:options': { backstage: { review: { show: false } } } },
        shown: { 'ui:backstage': { review: { show: true } } },
      },
    },
  ];
  const values = { name: 'a', hidden: 'b', masked: 'c', quiet: 'd', shown: 'e' };
  expect(withoutSecrets(values, pages)).toEqual({ name: 'a', shown: 'e' });
  expect(firstSecretPage(pages)).toBe(0);
});

test('secrets are found wherever a schema can have them', () => {
  const secret = { 'ui:widget': 'password' };
  const cases: [Record<string, unknown>, Record<string, unknown>, Record<string, unknown>][] = [
    [
      { anyOf: [{ properties: { a: secret } }, { properties: { a: {} } }] },
      { a: 'x', b: 1 },
      { b: 1 },
    ],
    [
      { dependencies: { b: { oneOf: [{ properties: { a: secret } }] } } },
      { a: 'x', b: 1 },
      { b: 1 },
    ],
    [{ allOf: [{ if: {}, else: { properties: { a: secret } } }] }, { a: 'x' }, {}],
    [{ patternProperties: { '^a': secret } }, { ab: 'x', b: 1 }, { b: 1 }],
    [{ additionalProperties: secret, properties: { b: {} } }, { a: 'x', b: 1 }, { b: 1 }],
    [{ properties: { a: { additionalProperties: secret } } }, { a: { b: 'x' } }, { a: {} }],
    [{ properties: { a: { items: [{}, secret] } } }, { a: ['x', 'y'] }, { a: [] }],
    [{ properties: { a: { items: [{}], additionalItems: secret } } }, { a: ['x', 'y'] }, { a: [] }],
    [{ properties: { a: { items: { items: secret } } } }, { a: [['x']] }, { a: [[]] }],
  ];
  for (const [schema, values, kept] of cases) {
    expect(withoutSecrets(values, [schema]), JSON.stringify(schema)).toEqual(kept);
    expect(firstSecretPage([{}, schema]), JSON.stringify(schema)).toBe(1);
  }
  // A page may say of a field of another one that it is a secret.
  expect(
    withoutSecrets({ a: 1 }, [{ properties: { a: {} } }, { properties: { a: secret } }]),
  ).toEqual({});
});
