/** What was filled in, line by line, for a last look. */

import { isRecord } from '../api/entity';
import type { JsonSchema } from '../api/scaffolder';

export interface ReviewLine {
  label: string;
  text: string;
}

const MAX_LINES = 500;

interface Review {
  show?: boolean;
  mask?: string;
  name?: string;
}

function lookOf(property: JsonSchema): Review & { isSecret: boolean } {
  const options = isRecord(property['ui:options']) ? property['ui:options'] : {};
  const review = property['ui:backstage.review'] ?? property['ui:backstage'] ?? options;
  const given = isRecord(review) && isRecord(review.review) ? review.review : review;
  const isSecret = isSecretField(property);
  return { ...(isRecord(given) ? (given as Review) : {}), isSecret };
}

/** Whether nobody may read over a shoulder what stands in a field. */
function isSecretField(property: JsonSchema): boolean {
  const options = isRecord(property['ui:options']) ? property['ui:options'] : {};
  const widget = property['ui:widget'] ?? options.widget;
  return property['ui:field'] === 'Secret' || widget === 'password';
}

/** Values without those of secret fields, as far as schemas tell which they are. */
export function withoutSecrets(
  values: Record<string, unknown>,
  schemas: readonly JsonSchema[],
): Record<string, unknown> {
  const properties = Object.assign({}, ...schemas.map(schema => propertiesOf(schema)));
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => {
      const property: JsonSchema = properties[name] ?? {};
      if (isSecretField(property)) return [];
      return [[name, withoutSecretsIn(value, property)]];
    }),
  );
}

function withoutSecretsIn(value: unknown, property: JsonSchema): unknown {
  if (isRecord(value)) return withoutSecrets(value, [property]);
  const { items } = property;
  if (!Array.isArray(value) || !isRecord(items)) return value;
  if (isSecretField(items)) return [];
  return value.map(item => withoutSecretsIn(item, items));
}

/** The first page with a secret field, where who comes back has to begin again. */
export function firstSecretPage(schemas: readonly JsonSchema[]): number | undefined {
  const has = (schema: JsonSchema): boolean =>
    isSecretField(schema) ||
    Object.values(propertiesOf(schema)).some(has) ||
    (isRecord(schema.items) && has(schema.items));
  const at = schemas.findIndex(has);
  return at < 0 ? undefined : at;
}

function textOf(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.map(textOf).join(', ');
  return isRecord(value) ? JSON.stringify(value) : String(value);
}

/** Every property of a schema by name, also those that appear later. */
export function propertiesOf(schema: JsonSchema, depth = 0): Record<string, JsonSchema> {
  if (depth > 20) return {};
  const parts = [schema.then, schema.else, schema.allOf, schema.anyOf, schema.oneOf];
  const dependencies = isRecord(schema.dependencies) ? Object.values(schema.dependencies) : [];
  const later: Record<string, JsonSchema> = {};
  for (const part of [...parts.flat(), ...dependencies]) {
    if (isRecord(part)) Object.assign(later, propertiesOf(part, depth + 1));
  }
  const all = isRecord(schema.properties) ? Object.entries(schema.properties) : [];
  const own = Object.fromEntries(
    all.filter((entry): entry is [string, JsonSchema] => isRecord(entry[1])),
  );
  // Its own stand first, and count.
  return { ...own, ...later, ...own };
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
    return [{ label, text: textOf(value) }];
  });
}
