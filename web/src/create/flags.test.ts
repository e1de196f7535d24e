import { expect, test } from 'vitest';
import { flagsIn, isFlagOn, isHidden, switchFlag } from './flags';

function store(text: string | null) {
  let kept = text;
  return {
    getItem: () => kept,
    setItem: (_: string, value: string) => {
      kept = value;
    },
  };
}

test('flags are switched as Backstage keeps them', () => {
  const kept = store('{"theirs":1}');
  expect(isFlagOn('mine', kept)).toBe(false);
  switchFlag('mine', true, kept);
  expect(kept.getItem()).toBe('{"theirs":1,"mine":1}');
  expect(isFlagOn('mine', kept)).toBe(true);
  switchFlag('mine', false, kept);
  expect(isFlagOn('mine', kept)).toBe(false);
  expect(isFlagOn('any', store('rubbish'))).toBe(false);
  expect(isFlagOn('any', store('[1]'))).toBe(false);
});

test('a part is shown with its flag, and without one', () => {
  const part = { 'backstage:featureFlag': 'new' };
  expect(isHidden(part, () => false)).toBe(true);
  expect(isHidden(part, () => true)).toBe(false);
  expect(isHidden({ type: 'string' }, () => false)).toBe(false);
});

test('the flags of a form are found on pages and at properties', () => {
  const pages = [
    { title: 'A', 'backstage:featureFlag': 'page' },
    { properties: { a: { 'backstage:featureFlag': 'field' }, b: { 'backstage:featureFlag': 7 } } },
  ];
  expect(flagsIn(pages)).toEqual(['field', 'page']);
});
