import { expect, test } from 'vitest';
import { changesBetween } from './changes';
import { readDefinition } from './definition';

async function told(type: string, before: string, after: string) {
  const [a, b] = [await readDefinition(type, before), await readDefinition(type, after)];
  if (!a || !b) throw new Error(`${type} is not read`);
  expect([...a.problems, ...b.problems]).toEqual([]);
  return changesBetween(a, b).map(({ weight, where, text }) => `${weight}: ${where} ${text}`);
}

/** A definition with one operation, which takes and gives something of a schema. */
const openApi = (sent: object, received: object = {}, more: object = {}) =>
  JSON.stringify({
    openapi: '3.0.0',
    paths: {
      '/a': {
        post: {
          requestBody: { content: { json: { schema: sent } } },
          responses: { 200: { content: { json: { schema: received } } } },
        },
      },
      ...more,
    },
  });
const object = (properties: object, ...required: string[]) => ({
  type: 'object',
  properties,
  required,
});
const text = { type: 'string' };

test('the same change weighs differently for what is sent and for what is received', async () => {
  const plain = object({ a: text });
  const more = object({ a: text, b: text });
  const needed = object({ a: text }, 'a');
  const few = { type: 'string', enum: ['x'] };
  const many = { type: 'string', enum: ['x', 'y'] };
  const cases: [object, object, string[], string[]][] = [
    [plain, more, ['safe: body (json).b is new'], ['safe: 200 (json).b is new']],
    [more, plain, ['risky: body (json).b is gone'], ['breaking: 200 (json).b is gone']],
    [
      plain,
      needed,
      ['breaking: body (json).a is needed now'],
      ['safe: 200 (json).a is needed now'],
    ],
    [
      needed,
      plain,
      ['safe: body (json).a may be left out now'],
      ['breaking: 200 (json).a may be left out now'],
    ],
    [few, many, ['safe: body (json) may be “y” now'], ['risky: 200 (json) may be “y” now']],
    [many, few, ['breaking: body (json) is never “y” now'], ['safe: 200 (json) is never “y” now']],
    [text, few, ['breaking: body (json) is only “x” now'], ['safe: 200 (json) is only “x” now']],
    [
      text,
      { type: 'integer' },
      ['breaking: body (json) is integer, and was string'],
      ['breaking: 200 (json) is integer, and was string'],
    ],
    [plain, plain, [], []],
  ];
  const without = (changes: string[]) => changes.map(it => it.replace('POST /a ', ''));
  for (const [before, after, sent, received] of cases) {
    expect(without(await told('openapi', openApi(before), openApi(after)))).toEqual(sent);
    const answers = await told('openapi', openApi({}, before), openApi({}, after));
    expect(without(answers)).toEqual(received);
  }
});

test('operations come and go, and are deprecated', async () => {
  const get = (more: object = {}) => openApi({}, {}, { '/b': { get: more } });
  expect(await told('openapi', openApi({}), get())).toEqual(['safe: GET /b is new']);
  expect(await told('openapi', get(), openApi({}))).toEqual(['breaking: GET /b is gone']);
  expect(await told('openapi', get({ deprecated: true }), openApi({}))).toEqual([
    'risky: GET /b is gone',
  ]);
  expect(await told('openapi', get(), get({ deprecated: true }))).toEqual([
    'safe: GET /b is deprecated',
  ]);
});

test('types that contain themselves are compared once', async () => {
  const tree = (value: string) => `
openapi: 3.0.0
paths: {/a: {get: {responses: {200: {content: {json: {schema: {$ref: '#/components/schemas/Node'}}}}}}}}
components: {schemas: {Node: {type: object, properties: {
  value: {type: ${value}}, next: {$ref: '#/components/schemas/Node'}}}}}`;
  expect(await told('openapi', tree('string'), tree('integer'))).toEqual([
    'breaking: GET /a 200 (json).value is integer, and was string',
  ]);
});

test('a type with another name and the same members is the same', async () => {
  const named = (name: string) => `
openapi: 3.0.0
paths: {/a: {get: {responses: {200: {content: {json: {schema: {$ref: '#/components/schemas/${name}'}}}}}}}}
components: {schemas: {${name}: {type: object, properties: {value: {type: string}}}}}`;
  expect(await told('openapi', named('Old'), named('New'))).toEqual([]);
});

test('GraphQL: arguments and results', async () => {
  const before = 'type Query { shows(first: Int, city: String!): [Show!]! } type Show { id: ID! }';
  const after =
    'type Query { shows(first: Int!, day: String): [Show!] } type Show { id: ID!, at: String }';
  expect(await told('graphql', before, after)).toEqual([
    'breaking: QUERY shows first is Int!, and was Int',
    'breaking: QUERY shows result is [Show!], and was [Show!]!',
    'risky: QUERY shows city is gone',
    'safe: QUERY shows day is new',
    'safe: QUERY shows result.at is new',
  ]);
});

test('gRPC: fields by name, numbers, streams', async () => {
  const file = (field: string, answer = 'B') => `syntax = "proto3";
service S { rpc Do(A) returns (${answer}); }
message A { ${field} }
message B { string x = 1; }`;
  expect(await told('grpc', file('string a = 1;'), file('string a = 2;'))).toEqual([
    'risky: RPC S/Do request.a: field 2',
    'risky: RPC S/Do request.a: no longer field 1',
  ]);
  expect(await told('grpc', file('', 'B'), file('', 'stream B'))).toEqual([
    'breaking: RPC S/Do answer is stream of B, and was B',
  ]);
});

test('AsyncAPI: what is heard', async () => {
  const events = (payload: string) =>
    `asyncapi: 2.6.0\nchannels: {a: {subscribe: {message: {name: M, payload: ${payload}}}}}`;
  const before = events('{type: object, properties: {x: {type: string}}}');
  expect(await told('asyncapi', before, events('{type: object}'))).toEqual([
    'breaking: SUBSCRIBE a M.payload.x is gone',
  ]);
});
