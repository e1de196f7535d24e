/**
 * What nobody may read over a shoulder is kept nowhere: not in a draft, and not for starting a run
 * again. It has to be filled in anew.
 */

import { isRecord } from '../api/entity';
import type { JsonSchema } from '../api/scaffolder';
import { hasSchema, schemasNamed, schemasOfItem } from './properties';

interface Review {
  show?: boolean;
  mask?: string;
  name?: string;
}

const optionsOf = (property: JsonSchema): JsonSchema =>
  isRecord(property['ui:options']) ? property['ui:options'] : {};

/** How the last page of a form shows a field. */
export function lookOf(property: JsonSchema): Review & { isSecret: boolean } {
  const options = optionsOf(property);
  const look =
    property['ui:backstage.review'] ?? property['ui:backstage'] ?? options.backstage ?? options;
  const given = isRecord(look) && isRecord(look.review) ? look.review : look;
  const widget = property['ui:widget'] ?? options.widget;
  const isSecret = property['ui:field'] === 'Secret' || widget === 'password';
  return { ...(isRecord(given) ? (given as Review) : {}), isSecret };
}

/** Whether what stands in a field is kept nowhere. */
export function isUnkept(property: JsonSchema): boolean {
  const { isSecret, show, mask } = lookOf(property);
  return isSecret || show === false || Boolean(mask);
}

type Values = Record<string, unknown>;

/** Values without those that are kept nowhere, as far as schemas tell which they are. */
export function withoutSecrets(values: Values, schemas: readonly JsonSchema[]): Values {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => {
      const about = schemas.flatMap(schema => schemasNamed(schema, name));
      return about.some(isUnkept) ? [] : [[name, partWithoutSecrets(value, about)]];
    }),
  );
}

/** A part of values, which schemas are about. */
export function partWithoutSecrets(value: unknown, schemas: readonly JsonSchema[]): unknown {
  if (isRecord(value)) return withoutSecrets(value, schemas);
  if (!Array.isArray(value)) return value;
  const about = value.map((_, at) => schemas.flatMap(schema => schemasOfItem(schema, at)));
  // Without one of them, the places of the others would mean something else.
  if (about.some(item => item.some(isUnkept))) return [];
  return value.map((item, at) => partWithoutSecrets(item, about[at] ?? []));
}

/** The first page with such a field, where who comes back has to begin again. */
export function firstSecretPage(schemas: readonly JsonSchema[]): number | undefined {
  const at = schemas.findIndex(schema => hasSchema(schema, isUnkept));
  return at < 0 ? undefined : at;
}
