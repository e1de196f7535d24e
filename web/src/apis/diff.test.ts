import { expect, test } from 'vitest';
import { diffLines, hunksOf } from './diff';

const MARKS = { same: ' ', added: '+', removed: '-' };
const told = (a: string, b: string) =>
  diffLines(a.split(' ').join('\n'), b.split(' ').join('\n'))
    .map(({ sort, text }) => `${MARKS[sort]}${text}`)
    .join(' ');

test('lines are kept, added and removed', () => {
  const cases = [
    ['a b c', 'a b c', ' a  b  c'],
    ['a b c', 'a x c', ' a -b +x  c'],
    ['a b c', 'a c', ' a -b  c'],
    ['a c', 'a b c', ' a +b  c'],
    ['a', 'b', '-a +b'],
  ] as const;
  for (const [a, b, expected] of cases) expect(told(a, b), `${a} | ${b}`).toBe(expected);
});

test('whatever differs, both texts can be read from the lines, and few lines change', () => {
  let seed = 7;
  const next = (n: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % n;
  };
  for (let round = 0; round < 300; round += 1) {
    const a = Array.from({ length: next(12) }, () => 'abc'[next(3)]);
    const b = Array.from({ length: next(12) }, () => 'abc'[next(3)]);
    const lines = diffLines(a.join('\n'), b.join('\n'));
    const kept = (without: string) =>
      lines.filter(({ sort }) => sort !== without).map(({ text }) => text);
    expect(kept('added').join('\n')).toBe(a.join('\n'));
    expect(kept('removed').join('\n')).toBe(b.join('\n'));
    expect(lines.filter(({ sort }) => sort === 'same').length).toBe(common(a, b));
  }
});

/** The length of the longest common subsequence, the slow way; an empty text is one empty line. */
function common(a: (string | undefined)[], b: (string | undefined)[]): number {
  const [x, y] = [a.length > 0 ? a : [''], b.length > 0 ? b : ['']];
  const table = Array.from({ length: x.length + 1 }, () => new Array<number>(y.length + 1).fill(0));
  const get = (i: number, j: number) => table[i]?.[j] ?? 0;
  for (let i = 1; i <= x.length; i += 1) {
    for (let j = 1; j <= y.length; j += 1) {
      const row = table[i];
      if (!row) continue;
      row[j] =
        x[i - 1] === y[j - 1] ? get(i - 1, j - 1) + 1 : Math.max(get(i - 1, j), get(i, j - 1));
    }
  }
  return get(x.length, y.length);
}

test('equal lines far from a difference are left out and counted', () => {
  const a = Array.from({ length: 20 }, (_, n) => `line ${n}`);
  const b = [...a];
  b[10] = 'other';
  const [hunk] = hunksOf(diffLines(a.join('\n'), b.join('\n')), 2);
  expect(hunk?.skipped).toBe(8);
  expect(hunk?.lines.map(({ text }) => text)).toEqual([
    'line 8',
    'line 9',
    'line 10',
    'other',
    'line 11',
    'line 12',
  ]);
  expect(hunk?.lines[0]).toMatchObject({ before: 9, after: 9 });
});
