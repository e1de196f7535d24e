/** The schemas below a schema, wherever a page of a template has them. */

import { isRecord } from '../api/entity';
import type { JsonSchema } from '../api/scaffolder';

const MAX_DEPTH = 20;

const recordsOf = (value: unknown): JsonSchema[] =>
  (Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : []).filter(isRecord);

/** Schemas that are about the same value: of conditions, choices and dependencies. */
function branchesOf(schema: JsonSchema): JsonSchema[] {
  const parts = [schema.then, schema.else, schema.allOf, schema.anyOf, schema.oneOf].flat();
  return [...parts.filter(isRecord), ...recordsOf(schema.dependencies)];
}

/** Every property of a schema by name, also those that appear later. */
export function propertiesOf(schema: JsonSchema, depth = 0): Record<string, JsonSchema> {
  if (depth > MAX_DEPTH) return {};
  const later: Record<string, JsonSchema> = {};
  for (const part of branchesOf(schema)) Object.assign(later, propertiesOf(part, depth + 1));
  const all = isRecord(schema.properties) ? Object.entries(schema.properties) : [];
  const own = Object.fromEntries(
    all.filter((entry): entry is [string, JsonSchema] => isRecord(entry[1])),
  );
  // Its own stand first, and count.
  return { ...own, ...later, ...own };
}

/** All schemas that a property of this name may have: branches can tell it differently. */
export function schemasNamed(schema: JsonSchema, name: string, depth = 0): JsonSchema[] {
  if (depth > MAX_DEPTH) return [];
  const { properties, patternProperties, additionalProperties } = schema;
  const patterns = isRecord(patternProperties) ? Object.entries(patternProperties) : [];
  const own = [
    isRecord(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined,
    ...patterns.flatMap(([pattern, part]) => (fitsPattern(pattern, name) ? [part] : [])),
  ].filter(isRecord);
  const others = own.length === 0 && isRecord(additionalProperties) ? [additionalProperties] : [];
  const later = branchesOf(schema).flatMap(part => schemasNamed(part, name, depth + 1));
  return [...own, ...others, ...later];
}

function fitsPattern(pattern: string, name: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(name);
  } catch {
    // Nobody knows what it means: it may be about this one.
    return true;
  }
}

/** All schemas that an item of a list may have. */
export function schemasOfItem(schema: JsonSchema, at: number, depth = 0): JsonSchema[] {
  if (depth > MAX_DEPTH) return [];
  const { items, additionalItems } = schema;
  const own = Array.isArray(items) ? (items[at] ?? additionalItems) : items;
  const later = branchesOf(schema).flatMap(part => schemasOfItem(part, at, depth + 1));
  return [...(isRecord(own) ? [own] : []), ...later];
}

/** Whether a schema, or one below it, is so. */
export function hasSchema(
  schema: JsonSchema,
  isSo: (schema: JsonSchema) => boolean,
  depth = 0,
): boolean {
  if (isSo(schema)) return true;
  if (depth > MAX_DEPTH) return false;
  const { properties, patternProperties, additionalProperties, items, additionalItems } = schema;
  const below = [
    ...recordsOf(properties),
    ...recordsOf(patternProperties),
    ...[items, additionalProperties, additionalItems].flat().filter(isRecord),
    ...branchesOf(schema),
  ];
  return below.some(part => hasSchema(part, isSo, depth + 1));
}
