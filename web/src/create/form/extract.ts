/**
 * Splits a page of a template, where words about the look (`ui:…`) stand among those about the
 * data, into a JSON schema and a schema of the look.
 */

// The widgets alone, without the forms around them.
import widgets from '@rjsf/core/lib/components/widgets/index.js';
import { hasWidget, type RJSFSchema } from '@rjsf/utils';
import { isRecord } from '../../api/entity';
import type { JsonSchema } from '../../api/scaffolder';
import { isHidden } from '../flags';
import { withConditions } from './conditions';

export interface Split {
  schema: JsonSchema;
  uiSchema: JsonSchema;
}

/** Keywords that hold schemas by name, and lists of schemas. */
const BY_NAME = ['properties', 'patternProperties', 'dependencies'];
const LISTS = ['allOf', 'anyOf', 'oneOf'];
const SINGLE = ['if', 'then', 'else', 'not'];
const DEFINITIONS = ['definitions', '$defs'];
const MAX_DEPTH = 40;
const WIDGETS = widgets();

const isLook = (key: string) => key.startsWith('ui:');

/** Whether a word about the look means something here: layouts and widgets of others do not. */
function isKnownLook(key: string, value: unknown, schema: JsonSchema): boolean {
  if (key === 'ui:ObjectFieldTemplate') return false;
  if (key !== 'ui:widget' || typeof value !== 'string' || schema.type === undefined) return true;
  return hasWidget(schema as RJSFSchema, value, WIDGETS);
}

export function extract(page: JsonSchema, depth = 0): Split {
  const schema: JsonSchema = {};
  let uiSchema: JsonSchema = {};
  if (depth > MAX_DEPTH) return { schema, uiSchema };
  const add = (more: JsonSchema) => {
    uiSchema = merge(uiSchema, more);
  };
  for (const [key, value] of Object.entries(page)) {
    if (isLook(key)) {
      if (isKnownLook(key, value, page)) uiSchema[key] = value;
    } else if (BY_NAME.includes(key) && isRecord(value)) {
      schema[key] = byName(key, value, add, depth);
    } else if (LISTS.includes(key) && Array.isArray(value)) {
      schema[key] = value.map(part => inner(part, add, depth));
    } else if (SINGLE.includes(key)) schema[key] = inner(value, add, depth);
    else if (DEFINITIONS.includes(key) && isRecord(value)) {
      schema[key] = byName(key, value, () => undefined, depth);
    } else if (key === 'items') schema[key] = items(value, uiSchema, depth);
    else if (!key.startsWith('backstage:')) schema[key] = value;
  }
  if (Array.isArray(schema.required) && isRecord(schema.properties)) {
    const { properties } = schema;
    schema.required = schema.required.filter(
      name => !(isRecord(page.properties) && name in page.properties) || name in properties,
    );
  }
  return { schema: withConditions(schema), uiSchema };
}

function byName(
  keyword: string,
  value: JsonSchema,
  add: (more: JsonSchema) => void,
  depth: number,
): JsonSchema {
  const schemas: JsonSchema = {};
  for (const [name, part] of Object.entries(value)) {
    if (isHidden(part)) continue;
    if (!isRecord(part)) {
      schemas[name] = part;
      continue;
    }
    const split = extract(part, depth + 1);
    schemas[name] = split.schema;
    if (Object.keys(split.uiSchema).length === 0) continue;
    // What depends on a property is about its siblings.
    add(keyword === 'dependencies' ? split.uiSchema : { [name]: split.uiSchema });
  }
  return schemas;
}

function inner(part: unknown, add: (more: JsonSchema) => void, depth: number): unknown {
  if (!isRecord(part)) return part;
  const split = extract(part, depth + 1);
  add(split.uiSchema);
  return split.schema;
}

function items(value: unknown, uiSchema: JsonSchema, depth: number): unknown {
  if (Array.isArray(value)) {
    const splits = value.map(item => (isRecord(item) ? extract(item, depth + 1) : undefined));
    uiSchema.items = splits.map(split => split?.uiSchema ?? {});
    return splits.map((split, at) => split?.schema ?? value[at]);
  }
  if (!isRecord(value)) return value;
  const split = extract(value, depth + 1);
  if (Object.keys(split.uiSchema).length > 0) uiSchema.items = split.uiSchema;
  return split.schema;
}

function merge(a: JsonSchema, b: JsonSchema): JsonSchema {
  const merged = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const old = merged[key];
    merged[key] = isRecord(old) && isRecord(value) ? merge(old, value) : value;
  }
  return merged;
}
