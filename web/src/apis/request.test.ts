import { expect, test } from 'vitest';
import { readDefinition } from './definition';
import type { Definition } from './model';
import { bodiesOf, callOf, curlOf, judge, missingOf, sampleOf } from './request';

const TEXT = `
openapi: 3.0.0
paths:
  /a/{id}:
    post:
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
        - {name: tag, in: query, schema: {type: array, items: {type: string}}}
        - {name: q, in: query, schema: {type: string}}
        - {name: X-Key, in: header, schema: {type: string}}
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}
    get: {parameters: [{name: session, in: cookie, schema: {type: string}}]}
components:
  schemas:
    A:
      type: object
      properties:
        id: {type: string, format: uuid}
        n: {type: integer}
        on: {type: boolean}
        colour: {type: string, enum: [red, green]}
        said: {type: string, example: hello}
        tags: {type: array, items: {type: string}}
        next: {$ref: '#/components/schemas/A'}
        either: {oneOf: [{type: object, properties: {x: {type: number}}}, {type: string}]}
        both: {allOf: [{$ref: '#/components/schemas/B'}, {type: object, properties: {y: {type: string, format: date}}}]}
    B: {type: object, properties: {b: {type: string}}}
`;

async function definition(): Promise<Definition> {
  const read = await readDefinition('openapi', TEXT);
  if (!read) throw new Error('it is not read');
  return read;
}

const FILLED = { base: 'https://api.example/v1/', values: {}, body: '', media: undefined };

test('parameters go where they belong, escaped', async () => {
  const [post] = (await definition()).operations;
  if (!post) throw new Error('no operation');
  expect(missingOf(post, FILLED).map(it => it.name)).toEqual(['id']);
  const values = {
    'path id': 'a/b c',
    'query tag': 'x, y&z',
    'query q': '',
    'header X-Key': 'k',
  };
  const call = callOf(post, { ...FILLED, values, body: '{"a":1}', media: 'application/json' });
  expect(call).toEqual({
    method: 'POST',
    url: 'https://api.example/v1/a/a%2Fb%20c?tag=x&tag=y%26z',
    headers: [
      ['X-Key', 'k'],
      ['Content-Type', 'application/json'],
    ],
    body: '{"a":1}',
  });
});

test('a body to begin with fits its schema, also one that contains itself', async () => {
  const read = await definition();
  const [post] = read.operations;
  const [body] = post ? bodiesOf(post) : [];
  if (!body) throw new Error('no body');
  const sample = sampleOf(read, body.body.shape) as Record<string, unknown>;
  expect(sample).toMatchObject({
    id: '00000000-0000-0000-0000-000000000000',
    n: 0,
    on: false,
    colour: 'red',
    said: 'hello',
    tags: [''],
    either: { x: 0 },
    both: { b: '', y: '2026-01-31' },
  });
  expect(JSON.stringify(sample).length).toBeLessThan(5000);
});

const SITE = { origin: 'https://portal.example', basePath: '/tools' };

test.each([
  ['GET', '/tools/api/proxy/shop/a', true],
  ['POST', '/tools/api/proxy/shop/a', true],
  ['GET', 'https://portal.example/tools/api/catalog/entities', true],
  ['DELETE', '/tools/api/catalog/locations/1', 'change the portal itself'],
  ['POST', '/tools/api/proxy/../catalog/refresh', 'change the portal itself'],
  ['POST', '/tools/api/proxy/%2e%2e/catalog/refresh', 'change the portal itself'],
  ['GET', '/api/proxy/shop/a', 'to the portal only'],
  ['GET', '/tools/settings', 'to the portal only'],
  ['GET', 'https://api.example/a', 'to the portal only'],
  ['GET', '//api.example/tools/api/', 'to the portal only'],
  ['GET', 'http://portal.example/tools/api/a', 'to the portal only'],
  ['GET', '/tools/api/proxy/shop/{id}', 'in braces'],
  ['GET', 'https://', 'no address'],
])('whether a page may send %s %s', (method, url, expected) => {
  const verdict = judge({ method, url, headers: [] }, SITE);
  if (expected === true) expect(verdict).toHaveProperty('url');
  else expect(verdict).toEqual({ reason: expect.stringContaining(String(expected)) });
});

test('cookies are for terminals', async () => {
  const [, get] = (await definition()).operations;
  if (!get) throw new Error('no operation');
  const base = '/tools/api/proxy/shop';
  const call = callOf(
    { ...get, path: '/a' },
    { ...FILLED, base, values: { 'cookie session': 'x' } },
  );
  expect(judge(call, SITE)).toEqual({ reason: expect.stringContaining('cookies') });
  expect(curlOf(call)).toBe(`curl '/tools/api/proxy/shop/a' -H 'Cookie: session=x'`);
});

test('a line for a terminal is read literally by it', () => {
  const call = { method: 'POST', url: 'https://a.example/?x=$(id)', headers: [], body: `it's` };
  expect(curlOf(call as never)).toBe(
    `curl -X POST 'https://a.example/?x=$(id)' --data-raw 'it'\\''s'`,
  );
});
