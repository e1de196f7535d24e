/** The query of an address: plain texts, readable, with as little escaping as an address allows. */

export type Search = Record<string, string>;

export function parseSearch(text: string): Search {
  return Object.fromEntries(new URLSearchParams(text));
}

/** Characters that need no escape in a query but get one from `URLSearchParams`. */
const READABLE: [RegExp, string][] = [
  [/%3A/g, ':'],
  [/%2F/g, '/'],
  [/%2C/g, ','],
  [/%40/g, '@'],
];

export function stringifySearch(search: Record<string, unknown>): string {
  const entries = Object.entries(search).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  if (entries.length === 0) return '';
  let text = new URLSearchParams(entries).toString();
  for (const [escaped, plain] of READABLE) text = text.replace(escaped, plain);
  return `?${text}`;
}

/** Reads the known texts of a query. */
export function searchOf<K extends string>(...keys: K[]) {
  return (search: Record<string, unknown>): { [key in K]?: string } => {
    const known: { [key in K]?: string } = {};
    for (const key of keys) {
      const value = search[key];
      if (typeof value === 'string') known[key] = value;
    }
    return known;
  };
}
