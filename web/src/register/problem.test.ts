import { expect, test } from 'vitest';
import { faultyOf, readProblem } from './problem';

test.each([
  [
    'Policy check failed for component:default/shop; caused by Error: "metadata.name" is not valid. To learn more about catalog file format, visit: https://x',
    '"metadata.name" is not valid.',
    'component:default/shop',
  ],
  ['Error: Unable to read url, Request failed', 'Unable to read url, Request failed', undefined],
  ['Unable to read https://host/a/b', 'Unable to read https://host/a/b', undefined],
  [
    'Unable to read http://localhost:7408/check',
    'Unable to read http://localhost:7408/check',
    undefined,
  ],
  ['', '', undefined],
])('%j says what is wrong', (text, message, subject) => {
  const problem = readProblem(text);
  expect([problem.message, problem.subject]).toEqual([message, subject]);
});

test('what can be done is said when it is known', () => {
  expect(readProblem('Unable to read url, cannot connect').fix).toMatch(/integrations/);
  expect(readProblem('NotAllowedError: add it to `backend.reading.allow`').fix).toMatch(/hosts/);
  expect(readProblem('something else').fix).toBeUndefined();
});

test('faulty entities are taken from an error, what is not understood is not', () => {
  const item = { entityRef: 'component:default/a', problems: [{ message: 'no' }] };
  expect(faultyOf([item, { entityRef: 'b', problems: [] }, 'c', null])).toEqual([item]);
});
