import type { RJSFSchema } from '@rjsf/utils';
import { expect, test } from 'vitest';
import { validator } from './validator';

const schema: RJSFSchema = {
  type: 'object',
  required: ['name'],
  properties: {
    name: { type: 'string', minLength: 3, pattern: '^[a-z]+$' },
    port: { type: 'integer', maximum: 10 },
    tags: { type: 'array', uniqueItems: true, items: { type: 'string' } },
    'a.b': { type: 'object', required: ['c'], properties: { c: {} } },
    repo: { $ref: '#/definitions/repo' },
  },
  definitions: { repo: { type: 'object', properties: { url: { type: 'string', format: 'uri' } } } },
};

const told = (data: Record<string, unknown>) =>
  validator
    .validateFormData(data, schema)
    .errors.map(error => `${error.property} ${error.message}`);

test('what is wrong is told at its place, in words', () => {
  const cases: [Record<string, unknown>, string[]][] = [
    [{ name: 'abc' }, []],
    [{}, ['.name is needed']],
    [{ name: undefined }, ['.name is needed']],
    [{ name: 'ab' }, ['.name is shorter than 3 characters']],
    [{ name: 'ABC' }, ['.name does not fit the pattern ^[a-z]+$']],
    [{ name: 'abc', port: 11 }, ['.port is more than 10']],
    [{ name: 'abc', port: 'x' }, ['.port is not of the type integer']],
    [{ name: 'abc', 'a.b': {} }, ["['a.b'].c is needed"]],
    [{ name: 'abc', repo: { url: 'no' } }, ['.repo.url is no uri']],
  ];
  for (const [data, errors] of cases) expect(told(data), JSON.stringify(data)).toEqual(errors);
  expect(told({ name: 'abc', tags: ['x', 'x'] })[0]).toContain('.tags has an item twice');
});

test('errors are a tree, to which fields add their own', () => {
  const { errorSchema } = validator.validateFormData({ name: 'ab' }, schema, (_, errors) => {
    errors.name?.addError('is taken');
    return errors;
  });
  expect(errorSchema.name?.__errors).toEqual(['is shorter than 3 characters', 'is taken']);
});

test('parts of a schema find their definitions', () => {
  const part: RJSFSchema = { $ref: '#/definitions/repo' };
  expect(validator.isValid(part, { url: 'https://a.b' }, schema)).toBe(true);
  expect(validator.isValid(part, { url: 5 }, schema)).toBe(false);
  expect(validator.isValid({ $ref: '#/definitions/none' }, {}, schema)).toBe(false);
});
