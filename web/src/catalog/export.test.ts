import { expect, test } from 'vitest';
import type { Entity } from '../api/entity';
import { toCsv } from './export';

const column = (id: string, text: string) => ({
  id,
  title: id,
  width: '',
  cell: () => null,
  text: () => text,
});
const entity = { apiVersion: 'v1', kind: 'Component', metadata: { name: 'a' } } as Entity;

test.each([
  ['plain', 'plain'],
  ['a,b', '"a,b"'],
  ['say "hi"', '"say ""hi"""'],
  ['two\nlines', '"two\nlines"'],
  ['=1+1', "'=1+1"],
  ['-tag', "'-tag"],
  ['@x,y', '"\'@x,y"'],
])('%j is written so that spreadsheets read it as text', (text, expected) => {
  expect(toCsv([entity], [column('c', text)])).toBe(`ref,c\r\ncomponent:default/a,${expected}\r\n`);
});
