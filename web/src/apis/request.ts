/** Requests made from a definition: what is sent, whether a page of the portal may send it, a line for a terminal. */

import { type Definition, type Field, type Operation, type Shape, typeOf } from './model';

export interface Call {
  method: string;
  url: string;
  headers: [string, string][];
  body?: string;
}

export interface Filled {
  /** What the paths of operations are put behind. */
  base: string;
  /** Texts of parameters, by `keyOf`. */
  values: Record<string, string>;
  body: string;
  /** The media type of the body. */
  media: string | undefined;
}

/** Places of parameters; the body is filled in otherwise. */
const PLACES = ['path', 'query', 'header', 'cookie'];

export const keyOf = ({ place, name }: Field) => `${place} ${name}`;

export const parametersOf = (operation: Operation): Field[] =>
  operation.inputs.filter(({ place = '' }) => PLACES.includes(place));

/** The bodies it takes, one of each media type; version 2 of OpenAPI has one and names no type. */
export const bodiesOf = (operation: Operation): { media: string; body: Field }[] =>
  operation.inputs
    .filter(({ place = '' }) => !PLACES.includes(place))
    .map(body => ({
      media: body.place?.includes('/') ? body.place : 'application/json',
      body,
    }));

/** Parameters that are needed and have no text yet. */
export function missingOf(operation: Operation, { values }: Filled): Field[] {
  return parametersOf(operation).filter(it => it.isRequired && !values[keyOf(it)]);
}

export function callOf(operation: Operation, filled: Filled): Call {
  let path = operation.path;
  const query: string[] = [];
  const headers: [string, string][] = [];
  const cookies: string[] = [];
  for (const it of parametersOf(operation)) {
    const text = filled.values[keyOf(it)];
    if (!text) continue;
    const pair = (value: string) => `${encodeURIComponent(it.name)}=${encodeURIComponent(value)}`;
    if (it.place === 'path') path = path.replaceAll(`{${it.name}}`, encodeURIComponent(text));
    else if (it.place === 'query') {
      const many = it.shape.label.endsWith('[]') ? text.split(',').map(one => one.trim()) : [text];
      query.push(...many.map(pair));
    } else if (it.place === 'header') headers.push([it.name, text]);
    else cookies.push(pair(text));
  }
  if (cookies.length > 0) headers.push(['Cookie', cookies.join('; ')]);
  const hasBody = filled.media !== undefined && filled.body !== '';
  if (hasBody) headers.push(['Content-Type', filled.media ?? '']);
  const search = query.length > 0 ? `?${query.join('&')}` : '';
  return {
    method: operation.verb,
    url: `${filled.base.replace(/\/+$/, '')}${path}${search}`,
    headers,
    body: hasBody ? filled.body : undefined,
  };
}

/** Where the portal is. */
export interface Site {
  origin: string;
  basePath: string;
}

const isReading = (method: string) => ['GET', 'HEAD'].includes(method);

/** The address that a page may send a call to, or why it may not. */
export function judge(call: Call, { origin, basePath }: Site): { url: URL } | { reason: string } {
  let url: URL;
  try {
    url = new URL(call.url, origin);
  } catch {
    return { reason: 'The base is no address.' };
  }
  if (/[{}]|%7[bd]/i.test(url.pathname)) {
    return { reason: 'The address still has a place in braces that nothing was filled in for.' };
  }
  const api = `${basePath}/api/`;
  if (url.origin !== origin || !url.pathname.startsWith(api)) {
    return {
      reason: `Pages of the portal send requests to the portal only. Run the line below in a terminal; or have the service added to proxy.endpoints, and write ${api}proxy/ and its name as the base.`,
    };
  }
  if (call.headers.some(([name]) => name.toLowerCase() === 'cookie')) {
    return { reason: 'Pages cannot choose cookies. Run the line below in a terminal.' };
  }
  // A definition is written by anybody: it must not talk somebody into changing the portal.
  if (!url.pathname.startsWith(`${api}proxy/`) && !isReading(call.method)) {
    return {
      reason:
        'This would change the portal itself, in your name: from here, it can only be read. Run the line below in a terminal.',
    };
  }
  return { url };
}

/** A line for a terminal. */
export function curlOf({ method, url, headers, body }: Call): string {
  const parts = ['curl'];
  if (method !== 'GET') parts.push('-X', method);
  parts.push(quoted(url));
  for (const [name, value] of headers) parts.push('-H', quoted(`${name}: ${value}`));
  if (body !== undefined) parts.push('--data-raw', quoted(body));
  return parts.join(' ');
}

/** As shells read it literally. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

const MAX_DEPTH = 8;
const TEXTS: Record<string, string> = {
  uuid: '00000000-0000-0000-0000-000000000000',
  date: '2026-01-31',
  'date-time': '2026-01-31T12:00:00Z',
  email: 'someone@example.com',
  uri: 'https://example.com',
};

/** A value that fits a shape, to begin with. */
export function sampleOf(definition: Pick<Definition, 'types'>, of: Shape, depth = 0): unknown {
  const type = typeOf(definition, of);
  const example = of.example ?? type.example;
  if (example !== undefined) return example;
  const label = of.label.replace(/ or null$/, '');
  if (label.endsWith('[]')) {
    const item = { ...of, label: label.slice(0, -2), example: undefined, rules: [] };
    return depth > MAX_DEPTH ? [] : [sampleOf(definition, item, depth + 1)];
  }
  const [value] = type.values;
  if (value) return value.name;
  if (type.fields.length > 0 || type.parts) {
    if (depth > MAX_DEPTH) return {};
    const own = type.fields.filter(({ name }) => name !== 'any other name');
    const made = own.map(it => [it.name, sampleOf(definition, it.shape, depth + 1)]);
    const parts =
      type.parts?.word === 'all of' ? type.parts.shapes : type.parts?.shapes.slice(0, 1);
    const others = parts?.map(it => sampleOf(definition, it, depth + 1)) ?? [];
    const [first] = others;
    if (made.length === 0 && others.length === 1) return first;
    return Object.assign(
      {},
      ...others.filter(it => typeof it === 'object'),
      Object.fromEntries(made),
    );
  }
  return plainSample(type.label);
}

function plainSample(label: string): unknown {
  const [, kind = label, format = ''] = /^(\w+)(?: \(([\w-]+)\))?/.exec(label) ?? [];
  if (kind === 'integer' || kind === 'number') return 0;
  if (kind === 'boolean') return false;
  if (kind === 'null') return null;
  return kind === 'string' ? (TEXTS[format] ?? '') : {};
}
