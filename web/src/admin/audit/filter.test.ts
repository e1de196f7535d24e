import { expect, test } from 'vitest';
import { toQuery } from './filter';

test('only what was filled in is asked for, with times in UTC', () => {
  expect(toQuery({})).toEqual({});
  expect(toQuery({ actor: ' user:default/ann ', action: '', outcome: 'denied' })).toEqual({
    actor: 'user:default/ann',
    outcome: 'denied',
  });
  const { since } = toQuery({ since: '2026-11-21T10:00', until: 'soon' });
  expect(since).toBe(new Date('2026-11-21T10:00').toISOString());
  expect(toQuery({ until: 'soon' })).toEqual({});
});
