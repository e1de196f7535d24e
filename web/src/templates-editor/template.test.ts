import { expect, test } from 'vitest';
import type { Action } from '../api/scaffolder';
import { type Problem, readForm, readTemplate, withLint, writtenFrom } from './template';

const ACTIONS: Action[] = [
  {
    id: 'debug:log',
    schema: {
      input: { type: 'object', required: ['message'], properties: { message: {}, x: {} } },
    },
  },
];

const template = (spec: string) => `apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata:
  name: a
spec:
  type: service
  owner: team
${spec}`;

const told = (text: string, actions: Action[] | null = ACTIONS) =>
  readTemplate(text, actions ?? undefined).problems.map(
    ({ severity, line, message }) => `${line} ${severity}: ${message}`,
  );

test('a template that is in order has no problem', () => {
  const text = template(`  parameters:
    - required: [name, more]
      properties:
        name: {type: string}
      dependencies:
        name: {oneOf: [{properties: {more: {type: string}}}]}
  steps:
    - id: say
      action: debug:log
      input:
        message: \${{ parameters.name }} \${{ parameters['more'] }} \${{ "parameters.quoted" }} parameters.plain
  output:
    text: \${{ steps.say.output.x }} \${{ steps['say'].output }}
`);
  const read = readTemplate(text, ACTIONS);
  expect(read.problems).toEqual([]);
  expect(read.pages).toHaveLength(1);
});

test.each([
  ['steps:\n  - [', 'error', 2],
  ['a: 1\na: 2', 'error', 2],
  ['just text', 'error', 1],
])('%j cannot be read, and where', (text, severity, line) => {
  const { template: value, problems } = readTemplate(text);
  expect(value).toBeUndefined();
  expect(problems[0]).toMatchObject({ severity, line });
});

test('what is missing or wrong is told with its line', () => {
  expect(told('kind: Component\nmetadata: {}\nspec:\n  steps: no')).toEqual([
    '1 error: apiVersion has to be scaffolder.backstage.io/v1beta3',
    '1 error: kind has to be Template',
    '2 error: metadata.name is missing',
    '3 error: spec.type is missing',
    '3 warn: Nobody owns it: spec.owner is missing',
    '4 error: spec.steps is a list',
  ]);
});

test('steps: actions, inputs, ids', () => {
  const text = template(`  steps:
    - id: one
      action: debug:log
    - id: one
      action: no:such
    - action: debug:log
      input:
        message: x
        other: y
    - id: nothing
`);
  expect(told(text)).toEqual([
    '9 error: debug:log needs the input message',
    '11 error: Two steps have the id one',
    '12 error: There is no action no:such here',
    '16 warn: debug:log knows no input other',
    '17 error: A step needs an action',
  ]);
  // Until the actions are known, none is missing.
  expect(told(text, null)).toEqual([
    '11 error: Two steps have the id one',
    '17 error: A step needs an action',
  ]);
});

test('expressions: names that nothing gives a value to', () => {
  const text = template(`  parameters:
    required: [gone]
    properties:
      name: {type: string}
  steps:
    - id: one
      action: debug:log
      input:
        message: \${{ steps.two.output.x }}
        x: \${{ parameters.nam }}
    - id: two
      action: debug:log
      input:
        message: \${{ steps.three.output.x or steps.one.output.y }}
`);
  expect(told(text)).toEqual([
    '9 warn: gone is required, but no field of this page',
    '16 error: The step two runs later than this',
    '17 warn: parameters.nam is asked for on no page',
    '21 error: There is no step three',
  ]);
});

test.each([
  ['a template', template('  parameters: {properties: {a: {}}}'), 1],
  ['a list of pages', '- properties: {a: {}}\n- properties: {b: {}}', 2],
  ['parameters', 'parameters:\n  - properties: {a: {}}', 1],
  ['one page', 'title: x\nproperties: {a: {}}', 1],
])('the form of %s', (_, text, n) => {
  expect(readForm(text).pages).toHaveLength(n);
});

test('a text without a form says so', () => {
  expect(readForm('- 1\n- 2').problems).toHaveLength(1);
  expect(readForm('[').problems[0]?.line).toBe(1);
});

test('a template of the catalog is written without what the catalog added', () => {
  const text = writtenFrom({
    apiVersion: 'scaffolder.backstage.io/v1beta3',
    kind: 'Template',
    metadata: {
      name: 'a',
      namespace: 'default',
      uid: '1',
      etag: '2',
      annotations: {
        'backstage.io/managed-by-location': 'file:/a.yaml',
        'backstage.io/techdocs-ref': 'dir:.',
      },
    },
    spec: { type: 'service' },
    relations: [{ type: 'ownedBy', targetRef: 'group:default/a' }],
  });
  expect(text).toBe(`apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata:
  name: a
  annotations:
    backstage.io/techdocs-ref: dir:.
spec:
  type: service
`);
});

test('where the portal has looked, it is believed about steps', () => {
  const own: Problem[] = [
    { severity: 'warn', message: 'own of the form', line: 3 },
    { severity: 'error', message: 'own of a step', line: 9, isOfSteps: true },
    { severity: 'error', message: 'said by both', line: 5 },
    { severity: 'error', message: 'of no line' },
  ];
  const linted: Problem[] = [
    { severity: 'error', message: 'the portal', line: 5 },
    { severity: 'warn', message: 'the portal, later', line: 12 },
    { severity: 'warn', message: 'the portal, of a step', line: 8 },
  ];
  const told = (problems: Problem[]) => problems.map(({ message }) => message);
  expect(told(withLint(own, linted))).toEqual([
    'of no line',
    'own of the form',
    'the portal',
    'the portal, of a step',
    'the portal, later',
  ]);
  expect(withLint(own, undefined)).toBe(own);
  expect(told(withLint(own, []))).toEqual(['of no line', 'own of the form', 'said by both']);
});
