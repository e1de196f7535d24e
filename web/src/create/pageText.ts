/** The number of a page in an address, where people count from one. */

/** The page, from 0, that an address asks for; the first where that is no number. */
export function pageIn(text: string | undefined, nPages: number): number {
  const number = Number(text ?? 1);
  return Number.isInteger(number) ? Math.max(0, Math.min(number - 1, nPages)) : 0;
}

/** What the address of a page has; the first needs nothing. */
export const pageText = (page: number): string | undefined =>
  page === 0 ? undefined : String(page + 1);
