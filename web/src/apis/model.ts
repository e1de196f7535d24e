/** What is read from the definition of an API, whichever language it is written in. */

import { isRecord } from '../api/entity';

export interface Definition {
  title?: string;
  version?: string;
  description?: string;
  servers: Server[];
  operations: Operation[];
  /** What operations refer to, by the key that `Shape.ref` has. */
  types: ReadonlyMap<string, Shape>;
  /** What could not be read, and where. */
  problems: Problem[];
}

export interface Problem {
  message: string;
  line?: number;
}

export interface Server {
  url: string;
  description?: string;
}

export interface Operation {
  /** Verb and path: what two versions of a definition have in common. */
  id: string;
  verb: string;
  path: string;
  /** The heading that it stands under. */
  group?: string;
  summary: string;
  description?: string;
  /** Why it is no longer to be used; empty when that is not said. */
  deprecated?: string;
  /** What is sent. */
  inputs: Field[];
  /** What comes back, or arrives. */
  outputs: Field[];
  /** What a caller has to be allowed. */
  needs: string[];
}

export interface Field {
  name: string;
  /** Where it stands: `path`, `header`, a media type. */
  place?: string;
  shape: Shape;
  isRequired: boolean;
  description?: string;
  deprecated?: string;
  /** Arguments that a field of GraphQL takes. */
  inputs: Field[];
}

export interface Shape {
  /** The type in a few letters: `string (uuid)`, `[Show!]!`, `Booking[]`. */
  label: string;
  /** The type of the definition that says more. */
  ref?: string;
  description?: string;
  deprecated?: string;
  /** What holds beyond the type, in words. */
  rules: string[];
  values: Value[];
  fields: Field[];
  parts?: { word: 'one of' | 'any of' | 'all of'; shapes: Shape[] };
  example?: unknown;
}

/** A value of an enumeration. */
export interface Value {
  name: string;
  description?: string;
  deprecated?: string;
}

/** A definition that a machine wrote can be endless. */
export const MAX_OPERATIONS = 5000;

export function shape(label: string, more: Partial<Shape> = {}): Shape {
  return { label, rules: [], values: [], fields: [], ...more };
}

export function field(name: string, of: Shape, more: Partial<Field> = {}): Field {
  return { name, shape: of, isRequired: false, inputs: [], ...more };
}

export function operation(
  verb: string,
  path: string,
  more: Omit<Partial<Operation>, 'id' | 'verb' | 'path'> = {},
): Operation {
  const id = `${verb} ${path}`;
  return { id, verb, path, summary: '', inputs: [], outputs: [], needs: [], ...more };
}

/** Several operations of one verb and path are told apart by their number. */
export function distinct(operations: Operation[]): Operation[] {
  const seen = new Map<string, number>();
  return operations.map(it => {
    const n = (seen.get(it.id) ?? 0) + 1;
    seen.set(it.id, n);
    return n === 1 ? it : { ...it, id: `${it.id} ${n}` };
  });
}

/** Whatever stands in a definition, as what was expected there. */
export const recordOf = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});
export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
export const entriesOf = (value: unknown): [string, unknown][] => Object.entries(recordOf(value));

export function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

/** The type that a shape stands for, where one is known. */
export function typeOf(definition: Pick<Definition, 'types'>, of: Shape): Shape {
  return (of.ref === undefined ? undefined : definition.types.get(of.ref)) ?? of;
}
