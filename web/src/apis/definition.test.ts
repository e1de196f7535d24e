import { expect, test } from 'vitest';
import { languageOf, readDefinition } from './definition';
import type { Definition, Field, Shape } from './model';

async function read(type: string, text: string): Promise<Definition> {
  const definition = await readDefinition(type, text);
  if (!definition) throw new Error(`${type} is not read`);
  return definition;
}

const fieldText = (it: Field): string =>
  `${it.name}${it.isRequired ? '*' : ''}: ${it.shape.label}${it.place ? ` in ${it.place}` : ''}`;

const brief = ({ operations }: Definition) =>
  operations.map(({ id, summary, deprecated, inputs, outputs }) => [
    `${id}${deprecated === undefined ? '' : ' (deprecated)'}`,
    summary,
    inputs.map(fieldText),
    outputs.map(fieldText),
  ]);

const typesOf = ({ types }: Definition) =>
  Object.fromEntries([...types].map(([key, it]) => [key, it.fields.map(fieldText)]));

test('OpenAPI 3: parameters of path and operation, bodies, answers', async () => {
  const text = `
openapi: 3.1.0
info: {title: Things, version: 1.2.0}
servers: [{url: 'https://{host}/v1', variables: {host: {default: api.example}}}]
security: [{key: []}]
paths:
  /a/{id}:
    parameters: [{$ref: '#/components/parameters/Id'}]
    get:
      summary: Reads one
      tags: [a]
      parameters: [{name: full, in: query, schema: {type: boolean}}]
      responses:
        200: {content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}
        404: {description: None}
    post:
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}
      responses: {204: {}}
    delete: { deprecated: true, operationId: drop, security: [] }
components:
  parameters: {Id: {name: id, in: path, required: true, schema: {type: string, format: uuid}}}
  schemas:
    A: {type: object, required: [x], properties: {x: {type: [string, 'null']}, next: {$ref: '#/components/schemas/A'}, all: {type: array, items: {$ref: '#/components/schemas/A'}}}}
    Unused: {type: string}
`;
  const definition = await read('openapi', text);
  expect(brief(definition)).toEqual([
    [
      'GET /a/{id}',
      'Reads one',
      ['id*: string (uuid) in path', 'full: boolean in query'],
      ['200: A in application/json', '404: no body'],
    ],
    [
      'POST /a/{id}',
      '',
      ['id*: string (uuid) in path', 'body*: A in application/json'],
      ['204: no body'],
    ],
    ['DELETE /a/{id} (deprecated)', 'drop', ['id*: string (uuid) in path'], []],
  ]);
  expect(typesOf(definition)).toEqual({
    '#/components/schemas/A': ['x*: string or null', 'next: A', 'all: A[]'],
    '#/components/schemas/Unused': [],
  });
  expect(definition.servers[0]?.url).toBe('https://api.example/v1');
  expect(definition.operations.map(it => it.needs)).toEqual([['key'], ['key'], []]);
});

test('OpenAPI 2', async () => {
  const text = `
swagger: '2.0'
host: api.example
basePath: /v1
paths:
  /a:
    post:
      parameters:
        - {name: a, in: body, required: true, schema: {$ref: '#/definitions/A'}}
        - {name: n, in: query, type: integer, maximum: 5}
      responses: {200: {description: ok, schema: {type: array, items: {$ref: '#/definitions/A'}}}}
definitions: {A: {type: object, properties: {x: {type: string}}}}
`;
  const definition = await read('openapi', text);
  expect(brief(definition)).toEqual([
    ['POST /a', '', ['a*: A in body', 'n: integer in query'], ['200: A[]']],
  ]);
  expect(definition.servers).toEqual([{ url: 'https://api.example/v1' }]);
  expect(definition.operations[0]?.inputs[1]?.shape.rules).toEqual(['at most 5']);
});

test('AsyncAPI 2: what is published and what can be subscribed to', async () => {
  const text = `
asyncapi: 2.6.0
channels:
  orders/{shop}:
    parameters: {shop: {schema: {type: string}}}
    publish: {summary: New, message: {$ref: '#/components/messages/Order'}}
    subscribe: {message: {oneOf: [{$ref: '#/components/messages/Order'}, {name: Gone}]}}
components:
  messages:
    Order: {contentType: application/json, traits: [{headers: {type: object}}], payload: {type: object, properties: {id: {type: string}}}}
`;
  const definition = await read('asyncapi', text);
  const order = 'Order: message in application/json';
  expect(brief(definition)).toEqual([
    ['PUBLISH orders/{shop}', 'New', ['shop*: string in address', order], []],
    ['SUBSCRIBE orders/{shop}', '', ['shop*: string in address'], [order, 'Gone: message']],
  ]);
  const [, sent] = definition.operations[0]?.inputs ?? [];
  expect(sent?.shape.fields.map(fieldText)).toEqual(['headers: object', 'payload: object']);
});

test('AsyncAPI 3: operations, their channels, messages and replies', async () => {
  const text = `
asyncapi: 3.0.0
channels:
  orders: {address: shop.orders, messages: {placed: {payload: {type: object}}}}
  answers: {address: null, messages: {done: {payload: {schemaFormat: application/vnd.apache.avro, schema: {type: record}}}}}
operations:
  onOrder: {action: receive, channel: {$ref: '#/channels/orders'}, reply: {channel: {$ref: '#/channels/answers'}}}
  tell: {action: send, channel: {$ref: '#/channels/orders'}, messages: [{$ref: '#/channels/orders/messages/placed'}]}
`;
  const definition = await read('asyncapi', text);
  expect(brief(definition)).toEqual([
    ['RECEIVE shop.orders', 'onOrder', ['placed: message'], ['done: message in reply']],
    ['SEND shop.orders', 'tell', [], ['placed: message']],
    ['CHANNEL answers', '', [], ['done: message']],
  ]);
  const [reply] = definition.operations[0]?.outputs ?? [];
  expect(reply?.shape.fields.map(fieldText)).toEqual(['payload: application/vnd.apache.avro']);
});

test('GraphQL: roots, arguments, types, what extends them, deprecations', async () => {
  const text = `
schema { query: Root }
"Where to begin"
type Root {
  """
  many
  lines: here
  """
  shows(first: Int = 20, after: ID!): [Show!]!
  old: Int @deprecated(reason: "no")
}
type Show implements Node { id: ID! }
extend type Show { genre: Genre }
interface Node { id: ID! }
enum Genre { PLAY OPERA @deprecated }
union Any = Show | Root
input Filter { text: String! }
scalar DateTime`;
  const definition = await read('graphql', text);
  expect(definition.problems).toEqual([]);
  expect(brief(definition)).toEqual([
    ['QUERY shows', 'many', ['first: Int', 'after*: ID!'], ['result: [Show!]!']],
    ['QUERY old (deprecated)', '', [], ['result: Int']],
  ]);
  expect(definition.operations[0]?.outputs[0]?.shape.ref).toBe('Show');
  expect(definition.operations[1]?.deprecated).toBe('no');
  expect(typesOf(definition)).toEqual({
    Show: ['id*: ID!', 'genre: Genre'],
    Node: ['id*: ID!'],
    Genre: [],
    Any: [],
    Filter: ['text*: String!'],
    DateTime: [],
  });
  const type = (name: string) => definition.types.get(name) as Shape;
  expect(type('Genre').values.map(it => [it.name, it.deprecated])).toEqual([
    ['PLAY', undefined],
    ['OPERA', ''],
  ]);
  expect(type('Any').parts?.shapes.map(it => it.label)).toEqual(['Show', 'Root']);
  expect(type('Show').rules).toEqual(['type', 'is Node']);
});

test('proto: services, messages within messages, comments, options', async () => {
  const text = `
syntax = "proto3";
package acme.gate.v1;
import "google/protobuf/any.proto";
option java_package = "x";

// Checks at the door.
service Gate {
  // rpc No(A) returns (B);
  // Lets in.
  rpc Scan(stream Ticket) returns (Result) { option deprecated = true; }
  rpc Ask(.acme.gate.v1.Ticket) returns (stream Result.Inner);
}
message Ticket {
  reserved 4, 5;
  string id = 1; // its number
  repeated Result results = 2 [deprecated = true];
  map<string, Result> by_name = 3;
  oneof seat { string name = 6; int32 row = 7; }
  optional Door door = 8;
}
message Result {
  message Inner { Result outer = 1; }
  Inner inner = 1;
}

/** Where people
 *  come in. */
enum Door { option allow_alias = true; NONE = 0; LEFT = 1; }
extend google.protobuf.MethodOptions { string x = 50001; }
`;
  const definition = await read('grpc', text);
  expect(definition.problems).toEqual([]);
  expect(definition.title).toBe('acme.gate.v1');
  expect(brief(definition)).toEqual([
    [
      'RPC Gate/Scan (deprecated)',
      'rpc No(A) returns (B);',
      ['request*: stream of Ticket'],
      ['answer*: Result'],
    ],
    [
      'RPC Gate/Ask',
      '.acme.gate.v1.Ticket → stream of Result.Inner',
      ['request*: .acme.gate.v1.Ticket'],
      ['answer*: stream of Result.Inner'],
    ],
  ]);
  expect(typesOf(definition)).toEqual({
    Ticket: [
      'id: string',
      'results: Result[]',
      'by_name: map of Result',
      'name: string',
      'row: int32',
      'door: Door in optional',
    ],
    Result: ['inner: Inner'],
    'Result.Inner': ['outer: Result'],
    Door: [],
  });
  const ticket = definition.types.get('Ticket') as Shape;
  expect(ticket.fields.map(it => it.shape.ref)).toEqual([
    undefined,
    'Result',
    'Result',
    undefined,
    undefined,
    'Door',
  ]);
  expect(ticket.fields[0]?.description).toBe('its number');
  expect(definition.types.get('Result')?.fields[0]?.shape.ref).toBe('Result.Inner');
  expect(definition.operations.map(it => it.outputs[0]?.shape.ref)).toEqual([
    'Result',
    'Result.Inner',
  ]);
  expect(definition.types.get('Door')).toMatchObject({
    description: 'Where people\ncome in.',
    values: [{ name: 'NONE' }, { name: 'LEFT' }],
  });
});

test.each([
  ['openapi', 'a: 1\nb: [', 2],
  ['openapi', '{"a": ', 1],
  ['openapi', 'just text', undefined],
  ['graphql', 'type A {\n  b Int\n}', 2],
  ['grpc', 'message A {\n  string a\n}', 3],
  ['grpc', 'service {', 1],
])('what is wrong with %s %j, and in which line', async (type, text, line) => {
  const { problems, operations } = await read(type, text);
  expect(operations).toEqual([]);
  expect(problems).toHaveLength(1);
  expect(problems[0]?.line).toBe(line);
});

test('definitions of other types are not read', async () => {
  expect(await readDefinition('wsdl', '<definitions/>')).toBeUndefined();
});

test('rules are told in words', async () => {
  const list = { type: 'array', minItems: 1, items: { type: 'string', maxLength: 1 } };
  const paths = { '/': { get: { responses: { 200: { content: { json: { schema: list } } } } } } };
  const { operations } = await read('openapi', JSON.stringify({ openapi: '3.0.0', paths }));
  const [answer] = operations[0]?.outputs ?? [];
  expect(answer?.shape.rules).toEqual(['at most 1 character', 'at least 1 item']);
});

test.each([
  ['itself', { $ref: '#/components/schemas/A' }, ['A']],
  ['what is not there', { $ref: '#/components/schemas/B' }, ['B']],
  ['another file', { $ref: 'other.yaml#/B' }, ['B']],
])('a schema may refer to %s', async (_, schema, expected) => {
  const document = {
    openapi: '3.0.0',
    paths: { '/': { get: { responses: { 200: { content: { json: { schema } } } } } } },
    components: { schemas: { A: { $ref: '#/components/schemas/A' } } },
  };
  const { operations } = await read('openapi', JSON.stringify(document));
  expect(operations[0]?.outputs.map(it => it.shape.label)).toEqual(expected);
});

test('a schema that grows without end is cut off', async () => {
  const wide = Object.fromEntries(
    Array.from({ length: 300 }, (_, at) => [`p${at}`, { $ref: `#/components/x/${at % 10}` }]),
  );
  const nested = (depth: number): object =>
    depth === 0 ? {} : { type: 'object', properties: { a: nested(depth - 1), ...wide } };
  const { types } = await read(
    'openapi',
    JSON.stringify({ openapi: '3.0.0', components: { schemas: { A: nested(200) } } }),
  );
  const written = JSON.stringify([...types]);
  expect(written).toContain('too deep to be shown');
});

test.each([
  ['{"a":1}', 'json'],
  ['openapi: 3.0.0', 'yaml'],
  ['type Query { a: Int }', 'text'],
])('%j is written in %s', (text, language) => {
  expect(languageOf(text)).toBe(language);
});
