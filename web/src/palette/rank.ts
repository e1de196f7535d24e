/** Orders what was found: the exact name first, then beginnings, words, parts, letters in order. */

/** How well `text` fits; 0 when it does not. */
export function score(sought: string, text: string): number {
  const needle = sought.trim().toLowerCase();
  const hay = text.toLowerCase();
  if (needle === '') return 1;
  const words = hay.split(/[\s\-_./]+/);
  if (hay === needle || hay.split(' ').includes(needle)) return 100;
  if (hay.startsWith(needle)) return 80;
  if (words.some(word => word.startsWith(needle))) return 60;
  const parts = needle.split(/[\s\-_./]+/).filter(Boolean);
  if (parts.length > 1 && parts.every(part => words.some(word => word.startsWith(part)))) return 50;
  if (hay.includes(needle)) return 40;
  return lettersInOrder(needle.replace(/\s/g, ''), hay) ? 10 : 0;
}

function lettersInOrder(needle: string, hay: string): boolean {
  let at = 0;
  for (const letter of hay) if (letter === needle[at]) at++;
  return at === needle.length;
}

/** The items that fit, the best first, shorter texts before longer. */
export function rank<T>(sought: string, items: readonly T[], textOf: (item: T) => string): T[] {
  const scored = items.map(item => {
    const text = textOf(item);
    return { item, text, points: score(sought, text) };
  });
  const found = scored.filter(({ points }) => points > 0);
  if (sought.trim() !== '')
    found.sort((a, b) => b.points - a.points || a.text.length - b.text.length);
  return found.map(({ item }) => item);
}
