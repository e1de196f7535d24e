import { expect, test } from 'vitest';
import { extract } from './extract';

test('words about the look are taken out, wherever they stand', () => {
  const { schema, uiSchema } = extract({
    title: 'Page',
    required: ['name'],
    'ui:order': ['owner', 'name'],
    properties: {
      name: { type: 'string', 'ui:autofocus': true, 'ui:options': { rows: 3 } },
      owner: { type: 'string', 'ui:field': 'OwnerPicker' },
      list: { type: 'array', items: { type: 'string', 'ui:widget': 'password' } },
    },
  });
  expect(schema).toEqual({
    title: 'Page',
    required: ['name'],
    properties: {
      name: { type: 'string' },
      owner: { type: 'string' },
      list: { type: 'array', items: { type: 'string' } },
    },
  });
  expect(uiSchema).toEqual({
    'ui:order': ['owner', 'name'],
    name: { 'ui:autofocus': true, 'ui:options': { rows: 3 } },
    owner: { 'ui:field': 'OwnerPicker' },
    list: { items: { 'ui:widget': 'password' } },
  });
});

test('the look of what appears later is known, too', () => {
  const later = { properties: { region: { type: 'string', 'ui:widget': 'radio' } } };
  const pages = [
    { dependencies: { cloud: { oneOf: [later] } } },
    JSON.parse(`{"allOf": [{"if": {}, "then": ${JSON.stringify(later)}}]}`),
    { anyOf: [later] },
  ];
  for (const page of pages) {
    const { schema, uiSchema } = extract(page);
    expect(uiSchema).toEqual({ region: { 'ui:widget': 'radio' } });
    expect(JSON.stringify(schema)).not.toContain('ui:');
  }
});

test('what needs a feature that is not there is left out and not asked for', () => {
  const { schema } = extract({
    required: ['a', 'b'],
    properties: { a: { type: 'string' }, b: { type: 'string', 'backstage:featureFlag': 'x' } },
  });
  expect(schema).toEqual({ required: ['a'], properties: { a: { type: 'string' } } });
});

test('layouts and widgets that nobody here knows leave the usual ones', () => {
  const { uiSchema } = extract({
    'ui:ObjectFieldTemplate': 'TwoColumns',
    properties: {
      a: { type: 'string', 'ui:widget': 'textarea' },
      b: { type: 'string', 'ui:widget': 'Fancy', 'ui:help': 'Help' },
      c: { type: 'array', items: { type: 'string' }, 'ui:widget': 'checkboxes' },
    },
  });
  expect(uiSchema).toEqual({
    a: { 'ui:widget': 'textarea' },
    b: { 'ui:help': 'Help' },
    c: { 'ui:widget': 'checkboxes' },
  });
});
