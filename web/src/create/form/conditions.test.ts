import { createSchemaUtils, type RJSFSchema } from '@rjsf/utils';
import { expect, test } from 'vitest';
import { extract } from './extract';
import { validator } from './validator';

const page = JSON.parse(`{
  "properties": {"cloud": {"enum": ["aws", "own"]}, "price": {}, "size": {}},
  "oneOf": [
    {"title": "By day", "properties": {"day": {"type": "string"}}, "required": ["day"]},
    {"title": "By night", "properties": {"night": {"type": "string"}}, "required": ["night"]}
  ],
  "dependencies": {
    "price": ["payer"],
    "size": {"properties": {"unit": {"type": "string", "default": "GB"}}},
    "cloud": {"oneOf": [
      {"properties": {"cloud": {"enum": ["aws"]}, "region": {"ui:widget": "radio"}}, "required": ["cloud", "region"]},
      {"properties": {"cloud": {"enum": ["own"]}, "rack": {}}}
    ]}
  }
}`);

/** What a form shows for values. */
function shown(values: Record<string, unknown>) {
  const { schema } = extract(page);
  const utils = createSchemaUtils(validator, schema as RJSFSchema, { allOf: 'populateDefaults' });
  const filled = utils.getDefaultFormState(schema as RJSFSchema, values) as typeof values;
  const { properties, required = [], oneOf } = utils.retrieveSchema(schema as RJSFSchema, filled);
  return { names: Object.keys(properties ?? {}), required, n: oneOf?.length, filled };
}

test('a choice beside dependencies is still to be made', () => {
  const cases: [Record<string, unknown>, string[], string[]][] = [
    [{}, [], []],
    [{ price: 5 }, [], ['payer']],
    [{ size: 5 }, ['unit'], []],
    [{ cloud: 'aws' }, ['region'], ['region']],
    [{ cloud: 'own', night: 'x' }, ['rack'], []],
    [{ cloud: 'other' }, [], []],
  ];
  for (const [values, names, required] of cases) {
    const found = shown(values);
    expect(found.names, JSON.stringify(values)).toEqual(['cloud', 'price', 'size', ...names]);
    expect(found.required).toEqual(required);
    expect(found.n).toBe(2);
  }
  expect(shown({ size: 5 }).filled).toMatchObject({ unit: 'GB' });
});

test('the look of what depends on a value is known', () => {
  expect(extract(page).uiSchema).toEqual({ region: { 'ui:widget': 'radio' } });
});

test('dependencies without a choice beside them stay as they are', () => {
  const { oneOf: _, ...rest } = page;
  expect(extract(rest).schema).toHaveProperty('dependencies');
  expect(extract({ ...rest, anyOf: [] }).schema).not.toHaveProperty('dependencies');
});
