import { expect, test } from 'vitest';
import { COLUMNS } from './columns';
import { boundedWidth, readWidths, templateOf } from './widths';

test('widths stay within the table', () => {
  const cases: [number, number][] = [
    [10, 56],
    [200.4, 200],
    [5000, 600],
  ];
  for (const [px, expected] of cases) expect(boundedWidth(px, 1000)).toBe(expected);
});

test('what cannot be a width is forgotten', () => {
  expect(readWidths(null)).toEqual({});
  expect(readWidths('nonsense')).toEqual({});
  expect(readWidths('null')).toEqual({});
  expect(readWidths('{"name": 300, "type": -1, "owner": "wide"}')).toEqual({ name: 300 });
});

test('columns without a width of their own share what is left', () => {
  const columns = COLUMNS.filter(({ id }) => ['name', 'type'].includes(id));
  expect(templateOf(columns, {})).toBe('28px minmax(200px, 2.2fr) minmax(90px, 0.7fr)');
  expect(templateOf(columns, { name: 300 })).toBe('28px minmax(56px, 300px) minmax(90px, 0.7fr)');
  const all = COLUMNS.filter(({ id }) => ['name', 'description', 'tags'].includes(id));
  expect(templateOf(all, { tags: 90 }, true)).toBe('28px minmax(150px, 1.6fr) minmax(56px, 90px)');
});
