/** Which references are written most like another. */

/** The number of letters to change, add or drop. */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next[j] = Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1);
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The candidates, nearest first; the name counts more than kind and namespace. */
export function nearest(sought: string, candidates: string[]): string[] {
  const name = (ref: string) => ref.slice(ref.indexOf('/') + 1);
  const cost = (ref: string) => 4 * distance(name(sought), name(ref)) + distance(sought, ref);
  const costs = new Map(candidates.map(ref => [ref, cost(ref)]));
  return [...candidates].sort((a, b) => (costs.get(a) ?? 0) - (costs.get(b) ?? 0));
}
