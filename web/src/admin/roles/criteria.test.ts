import { expect, test } from 'vitest';
import type { Criteria } from '../../api/permission';
import { fromLines, paramsText, readParam, toLines } from './criteria';

const owner: Criteria = {
  rule: 'IS_ENTITY_OWNER',
  resourceType: 'catalog-entity',
  params: { claims: ['$ownerRefs'] },
};

test('what the form shows is what is saved', () => {
  const cases: Criteria[] = [
    { anyOf: [owner] },
    { allOf: [owner, { not: { ...owner, rule: 'HAS_LABEL', params: { label: 'x' } } }] },
  ];
  for (const criteria of cases) {
    const lines = toLines(criteria);
    expect(lines && fromLines(lines, 'catalog-entity')).toEqual(criteria);
  }
  expect(toLines(owner)).toEqual(toLines({ anyOf: [owner] }));
});

test('what is nested deeper is left alone', () => {
  expect(toLines({ anyOf: [{ allOf: [owner] }] })).toBeUndefined();
  expect(toLines({ not: { anyOf: [owner] } })).toBeUndefined();
});

test('parameters are read and told', () => {
  expect(readParam(' a, b ,', 'array')).toEqual(['a', 'b']);
  expect(readParam('a, b', 'string')).toBe('a, b');
  expect(paramsText({ kinds: ['A', 'B'], label: 'x' })).toBe('kinds: A, B; label: x');
});
