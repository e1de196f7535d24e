/**
 * JSON schemas as trees. A schema that is referred to becomes a type of its own, so that one that
 * contains itself ends; depth and number are limited, because anybody may register a definition.
 */

import { isRecord } from '../api/entity';
import {
  type Field,
  field,
  listOf,
  recordOf,
  type Shape,
  shape,
  textOf,
  type Value,
} from './model';

const MAX_DEPTH = 40;
const MAX_SHAPES = 50_000;
const MAX_HOPS = 20;
const MAX_VALUES = 200;
const MAX_RULE = 120;

type Schema = Record<string, unknown>;

const RULES: [string, string][] = [
  ['minLength', 'at least % characters'],
  ['maxLength', 'at most % characters'],
  ['pattern', 'fits %'],
  ['minimum', 'at least %'],
  ['exclusiveMinimum', 'more than %'],
  ['maximum', 'at most %'],
  ['exclusiveMaximum', 'less than %'],
  ['multipleOf', 'a multiple of %'],
  ['minItems', 'at least % items'],
  ['maxItems', 'at most % items'],
  ['minProperties', 'at least % properties'],
  ['maxProperties', 'at most % properties'],
  ['contentEncoding', 'encoded as %'],
  ['contentMediaType', 'holds %'],
];

export class Schemas {
  readonly types = new Map<string, Shape>();
  #left = MAX_SHAPES;

  constructor(readonly document: Schema) {}

  /** What stands at a place, through references within the document. */
  resolve(value: unknown): Schema {
    let found = value;
    for (let hops = 0; hops < MAX_HOPS; hops += 1) {
      const target = recordOf(found).$ref;
      if (typeof target !== 'string') return recordOf(found);
      // What stands beside a reference says more than what it refers to (OpenAPI 3.1).
      const { $ref: _, ...beside } = recordOf(found);
      const there = pointed(this.document, target);
      found = isRecord(there) ? { ...there, ...beside } : beside;
    }
    return {};
  }

  shape(schema: unknown, depth = 0): Shape {
    this.#left -= 1;
    if (depth > MAX_DEPTH || this.#left < 0) return shape('…', { rules: ['too deep to be shown'] });
    if (schema === false) return shape('nothing');
    const given = recordOf(schema);
    return typeof given.$ref === 'string'
      ? this.#named(given.$ref, given, depth)
      : this.#plain(given, depth);
  }

  #named(target: string, beside: Schema, depth: number): Shape {
    const label = decodeURIComponentSafely(target.split(/[/#]/).at(-1) ?? '') || target;
    const description = textOf(beside.description);
    if (!target.startsWith('#')) return shape(label, { description, rules: [`see ${target}`] });
    if (!this.types.has(target)) {
      // Taken before its parts are read: they may refer to it.
      const type = shape(label);
      this.types.set(target, type);
      const there = pointed(this.document, target);
      if (there === undefined) type.rules = [`${target} is not in the definition`];
      else Object.assign(type, this.shape(there, depth + 1));
    }
    return shape(label, { ref: target, description });
  }

  #plain(schema: Schema, depth: number): Shape {
    const common = {
      description: textOf(schema.description),
      deprecated: schema.deprecated === true ? '' : undefined,
      rules: rulesOf(schema),
      values: valuesOf(schema),
      example: exampleOf(schema),
    };
    const types = listOf(schema.type).length > 0 ? listOf(schema.type) : [schema.type];
    if (types.includes('array') || (schema.type === undefined && isRecord(schema.items))) {
      const list = this.#list(schema, depth);
      return { ...list, ...pruned(common), rules: [...list.rules, ...common.rules] };
    }
    const fields = this.#fields(schema, depth);
    const parts = this.#parts(schema, depth);
    const [only] = parts?.shapes ?? [];
    // One part with nothing beside it is written for the sake of a description.
    if (only && parts?.shapes.length === 1 && fields.length === 0) {
      return { ...only, ...pruned(common), rules: [...only.rules, ...common.rules] };
    }
    const map = this.#map(schema, depth);
    const isMap = map !== undefined && fields.length === 0 && !parts;
    if (map && !isMap) fields.push(field('any other name', map));
    const label = isMap ? `map of ${map.label}` : labelOf(schema, types, fields.length > 0, parts);
    const inner = isMap
      ? { ref: map.ref, fields: map.fields, parts: map.parts }
      : { fields, parts };
    return { ...shape(label), ...common, ...inner };
  }

  #list(schema: Schema, depth: number): Shape {
    const { ref, fields, parts, values, rules, label } = this.shape(schema.items ?? {}, depth + 1);
    const many = label.includes(' ') && !label.endsWith(')') ? `(${label})[]` : `${label}[]`;
    const nullable = isNullable(schema) ? ' or null' : '';
    return shape(many + nullable, { ref, fields, parts, values, rules });
  }

  #fields(schema: Schema, depth: number): Field[] {
    const required = new Set(listOf(schema.required));
    return Object.entries(recordOf(schema.properties)).map(([name, value]) => {
      const of = this.shape(value, depth + 1);
      const { description, deprecated } = of;
      return field(name, of, { isRequired: required.has(name), description, deprecated });
    });
  }

  #parts(schema: Schema, depth: number): Shape['parts'] {
    const words = [
      ['allOf', 'all of'],
      ['oneOf', 'one of'],
      ['anyOf', 'any of'],
    ] as const;
    for (const [key, word] of words) {
      const shapes = listOf(schema[key]).map(part => this.shape(part, depth + 1));
      if (shapes.length > 0) return { word, shapes };
    }
    return undefined;
  }

  #map({ additionalProperties }: Schema, depth: number): Shape | undefined {
    return isRecord(additionalProperties) && Object.keys(additionalProperties).length > 0
      ? this.shape(additionalProperties, depth + 1)
      : undefined;
  }
}

const isNullable = ({ type, nullable }: Schema) =>
  nullable === true || listOf(type).includes('null');

function labelOf(
  schema: Schema,
  types: unknown[],
  hasFields: boolean,
  parts: Shape['parts'],
): string {
  const known = types.filter(type => typeof type === 'string' && type !== 'null');
  const names = parts?.shapes.map(({ label }) => label).slice(0, 4) ?? [];
  const joined = names.join(parts?.word === 'all of' ? ' & ' : ' | ');
  const guess = joined || (hasFields ? 'object' : guessOf(schema));
  const plain = known.join(' | ') || guess;
  const label = plain === 'object' && joined ? joined : plain;
  const format = typeof schema.format === 'string' ? ` (${schema.format})` : '';
  return `${label}${format}${isNullable(schema) ? ' or null' : ''}`;
}

function guessOf({ enum: values, const: only, properties }: Schema): string {
  const [first] = only === undefined ? listOf(values) : [only];
  if (first !== undefined && first !== null) return typeof first;
  return isRecord(properties) ? 'object' : 'anything';
}

function rulesOf(schema: Schema): string[] {
  const rules = RULES.flatMap(([key, words]) => {
    const value = schema[key];
    const isSaid = typeof value === 'number' || typeof value === 'string';
    return isSaid ? [singular(words.replace('%', () => shortened(String(value))))] : [];
  });
  if (schema.uniqueItems === true) rules.push('no item twice');
  if (schema.readOnly === true) rules.push('read only');
  if (schema.writeOnly === true) rules.push('write only');
  if (schema.additionalProperties === false) rules.push('no other properties');
  if (schema.default !== undefined) rules.push(`otherwise ${shortened(written(schema.default))}`);
  return rules;
}

/** At least 1 item, 2 items. */
const singular = (rule: string) =>
  rule.replace(/\b1 (character|item)s$/, '1 $1').replace(/\b1 properties$/, '1 property');
const shortened = (text: string) => (text.length > MAX_RULE ? `${text.slice(0, MAX_RULE)}…` : text);
const written = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

function valuesOf({ enum: values, const: only }: Schema): Value[] {
  const all = only === undefined ? listOf(values) : [only];
  return all.slice(0, MAX_VALUES).map(value => ({ name: String(written(value)) }));
}

function exampleOf({ example, examples, default: standard, const: only }: Schema): unknown {
  return [only, example, listOf(examples)[0], standard].find(value => value !== undefined);
}

/** What is not said does not hide what is. */
function pruned<T extends object>(value: T): Partial<T> {
  const said = Object.entries(value).filter(
    ([, it]) => it !== undefined && !(Array.isArray(it) && it.length === 0),
  );
  return Object.fromEntries(said) as Partial<T>;
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return text;
  }
}

/** What a JSON pointer leads to; nothing for other documents. */
function pointed(document: unknown, target: string): unknown {
  if (!target.startsWith('#')) return undefined;
  const path = target.slice(1).split('/').slice(1).map(decodeURIComponentSafely);
  return path.reduce<unknown>(
    (value, key) =>
      (isRecord(value) || Array.isArray(value)) && Object.hasOwn(value, key)
        ? (value as Schema)[key]
        : undefined,
    document,
  );
}
