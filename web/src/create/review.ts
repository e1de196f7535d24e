/** What was filled in, line by line, for a last look. */

import { isRecord } from '../api/entity';
import type { JsonSchema } from '../api/scaffolder';
import { propertiesOf } from './properties';
import { lookOf, partWithoutSecrets } from './unkept';

export interface ReviewLine {
  label: string;
  text: string;
}

const MAX_LINES = 500;

function textOf(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.map(textOf).join(', ');
  return isRecord(value) ? JSON.stringify(value) : String(value);
}

export function reviewOf(pages: JsonSchema[], values: Record<string, unknown>): ReviewLine[] {
  const properties = Object.assign({}, ...pages.map(page => propertiesOf(page)));
  return linesOf(values, properties, []).slice(0, MAX_LINES);
}

function linesOf(
  values: Record<string, unknown>,
  properties: Record<string, JsonSchema>,
  path: string[],
): ReviewLine[] {
  const order = Object.keys(properties);
  const place = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);
  const inOrder = Object.entries(values).sort(([a], [b]) => place(a) - place(b));
  return inOrder.flatMap(([key, value]) => {
    const property = properties[key] ?? {};
    const look = lookOf(property);
    if (look.show === false || value === undefined) return [];
    const title = look.name ?? (typeof property.title === 'string' ? property.title : key);
    const label = [...path, title].join(' / ');
    if (look.isSecret || look.mask) return [{ label, text: look.mask ?? '••••••' }];
    if (isRecord(value)) return linesOf(value, propertiesOf(property), [...path, title]);
    return [{ label, text: textOf(partWithoutSecrets(value, [property])) }];
  });
}
