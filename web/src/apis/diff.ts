/** What differs between two texts, line by line (Myers' greedy algorithm). */

export interface DiffLine {
  sort: 'same' | 'added' | 'removed';
  text: string;
  /** Line numbers, from 1. */
  before?: number;
  after?: number;
}

/** Texts that differ in more lines are replaced as a whole: nobody would read it line by line. */
const MAX_EDITS = 4000;

export function diffLines(a: string, b: string): DiffLine[] {
  const [before, after] = [a.split('\n'), b.split('\n')];
  let head = 0;
  const shorter = Math.min(before.length, after.length);
  while (head < shorter && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const middle = edits(
    before.slice(head, before.length - tail),
    after.slice(head, after.length - tail),
  );
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  const push = (sort: DiffLine['sort']) => {
    const isGone = sort === 'removed';
    const text = (isGone ? before[i] : after[j]) ?? '';
    const line: DiffLine = { sort, text };
    if (sort !== 'added') line.before = ++i;
    if (!isGone) line.after = ++j;
    lines.push(line);
  };
  for (let n = 0; n < head; n += 1) push('same');
  for (const sort of middle) push(sort);
  for (let n = 0; n < tail; n += 1) push('same');
  return lines;
}

/** The furthest place on each diagonal after so many edits, then the way back. */
function edits(a: string[], b: string[]): DiffLine['sort'][] {
  const limit = Math.min(a.length + b.length, MAX_EDITS);
  const offset = limit + 1;
  const furthest = new Int32Array(2 * limit + 3);
  const trace: Int32Array[] = [];
  for (let d = 0; d <= limit; d += 1) {
    trace.push(furthest.slice(offset - d - 1, offset + d + 2));
    for (let k = -d; k <= d; k += 2) {
      let x = isDown(furthest, offset + k, k, d)
        ? at(furthest, offset + k + 1)
        : at(furthest, offset + k - 1) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      furthest[offset + k] = x;
      if (x >= a.length && x - k >= b.length) return back(trace, a.length, b.length, d);
    }
  }
  return [...a.map(() => 'removed' as const), ...b.map(() => 'added' as const)];
}

const at = (array: Int32Array, index: number) => array[index] ?? 0;

function isDown(furthest: Int32Array, index: number, k: number, d: number): boolean {
  return k === -d || (k !== d && at(furthest, index - 1) < at(furthest, index + 1));
}

function back(trace: Int32Array[], n: number, m: number, edits: number): DiffLine['sort'][] {
  const sorts: DiffLine['sort'][] = [];
  let [x, y] = [n, m];
  for (let d = edits; d > 0; d -= 1) {
    const row = trace[d] ?? new Int32Array();
    const index = (k: number) => k + d + 1;
    const k = x - y;
    const down = isDown(row, index(k), k, d);
    const from = down ? k + 1 : k - 1;
    const startX = at(row, index(from));
    const startY = startX - from;
    while (x > startX && y > startY && x > 0 && y > 0 && x - 1 >= (down ? startX : startX + 1)) {
      sorts.push('same');
      x -= 1;
      y -= 1;
    }
    sorts.push(down ? 'added' : 'removed');
    [x, y] = [startX, startY];
  }
  while (x > 0) {
    sorts.push('same');
    x -= 1;
  }
  return sorts.reverse();
}

export interface Hunk {
  lines: DiffLine[];
  /** Equal lines that are left out before it. */
  skipped: number;
}

/** Differences with a few equal lines around them. */
export function hunksOf(lines: DiffLine[], context = 3): Hunk[] {
  const isNear = new Uint8Array(lines.length);
  lines.forEach(({ sort }, at) => {
    if (sort !== 'same') isNear.fill(1, Math.max(0, at - context), at + context + 1);
  });
  const hunks: Hunk[] = [];
  let skipped = 0;
  lines.forEach((line, at) => {
    if (isNear[at] === 0) {
      skipped += 1;
      return;
    }
    const current = hunks.at(-1);
    if (!current || skipped > 0) hunks.push({ lines: [line], skipped });
    else current.lines.push(line);
    skipped = 0;
  });
  return hunks;
}
