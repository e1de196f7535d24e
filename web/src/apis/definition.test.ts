import { expect, test } from 'vitest';
import { languageOf, outlineOf } from './definition';

const brief = (type: string, text: string) =>
  outlineOf(type, text).map(({ verb, path, summary, isDeprecated }) => [
    verb,
    path,
    summary,
    isDeprecated,
  ]);

test('operations of OpenAPI', () => {
  const text = `
openapi: 3.1.0
paths:
  /a/{id}:
    parameters: []
    get: { summary: Reads one }
    delete: { deprecated: true, operationId: drop }
`;
  expect(brief('openapi', text)).toEqual([
    ['GET', '/a/{id}', 'Reads one', false],
    ['DELETE', '/a/{id}', 'drop', true],
  ]);
});

test('operations of AsyncAPI, both generations', () => {
  expect(brief('asyncapi', 'channels: {orders: {publish: {summary: New}, subscribe: {}}}')).toEqual(
    [
      ['PUBLISH', 'orders', 'New', false],
      ['SUBSCRIBE', 'orders', '', false],
    ],
  );
  const third = "operations: {onOrder: {action: receive, channel: {$ref: '#/channels/orders'}}}";
  expect(brief('asyncapi', third)).toEqual([['RECEIVE', 'orders', '', false]]);
});

test('fields of GraphQL roots', () => {
  const text = `type Query {
  """ many
  lines: here """
  shows(first: Int,
    after: ID): [Show!]!
  old: Int @deprecated(reason: "no")
}
type Show { id: ID! }`;
  expect(brief('graphql', text)).toEqual([
    ['QUERY', 'shows(first: Int, after: ID)', '→ [Show!]!', false],
    ['QUERY', 'old', '→ Int', true],
  ]);
});

test('methods of proto services', () => {
  const text =
    'service Gate {\n  // rpc No(A) returns (B);\n  rpc Scan(stream Ticket) returns (Result) {}\n}\n';
  expect(brief('grpc', text)).toEqual([['RPC', 'Gate/Scan', 'stream Ticket → Result', false]]);
});

test.each([
  ['openapi', 'a: [', []],
  ['openapi', 'just text', []],
  ['other', 'openapi: 3', []],
  ['graphql', '', []],
])('%s %j has no operations', (type, text, expected) => {
  expect(outlineOf(type, text)).toEqual(expected);
});

test.each([
  ['{"a":1}', 'json'],
  ['openapi: 3.0.0', 'yaml'],
  ['type Query { a: Int }', 'text'],
])('%j is written in %s', (text, language) => {
  expect(languageOf(text)).toBe(language);
});
