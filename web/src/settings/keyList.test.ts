import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { KEYS } from './keyList';

const SOURCES = join(import.meta.dirname, '..');
/** The arrows do what `j` and `k` do. */
const DOUBLES = ['arrowdown', 'arrowup'];

/** Every key that a page registers, as its source has it. */
function registered(): Set<string> {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' });
  const parts = files.filter(name => /(?<!\.test)\.tsx?$/.test(name));
  const texts = parts.map(name => readFileSync(join(SOURCES, name), 'utf8'));
  const found = texts.flatMap(text => [
    ...text.matchAll(/\bkeys: '([^']+)',/g),
    ...text.matchAll(/\bgo\('([^']+)', '/g),
  ]);
  return new Set(found.map(([, keys]) => keys ?? ''));
}

test('settings list every key that a page has, and none besides', () => {
  const listed = new Set(KEYS.flatMap(({ keys }) => keys.map(([key]) => key)));
  const known = [...registered()].filter(key => !DOUBLES.includes(key));
  expect([...listed].sort()).toEqual(known.sort());
});
