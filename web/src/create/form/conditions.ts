/**
 * RJSF settles a choice (`oneOf`, `anyOf`) by itself where `dependencies` stand beside it, so that nobody
 * could choose. As conditions, dependencies mean the same and leave the choice to who fills in the form.
 */

import { isRecord } from '../../api/entity';
import type { JsonSchema } from '../../api/scaffolder';

/** A schema with its dependencies as conditions, if it has a choice beside them. */
export function withConditions(schema: JsonSchema): JsonSchema {
  const { dependencies, ...rest } = schema;
  const hasChoice = Array.isArray(schema.oneOf) || Array.isArray(schema.anyOf);
  if (!hasChoice || !isRecord(dependencies)) return schema;
  const conditions = Object.entries(dependencies).flatMap(([name, it]) => conditionsOf(name, it));
  const allOf = Array.isArray(schema.allOf) ? schema.allOf : [];
  return { ...rest, allOf: [...allOf, ...conditions] };
}

/** What there is to be when a property has a value. */
function conditionsOf(name: string, dependency: unknown): JsonSchema[] {
  const given = { required: [name] };
  // biome-ignore lint/suspicious/noThenProperty: as JSON schema calls it
  if (Array.isArray(dependency)) return [{ if: given, then: { required: dependency } }];
  if (!isRecord(dependency)) return [];
  const { oneOf, ...always } = dependency;
  const branches = Array.isArray(oneOf) ? oneOf : [];
  return [
    // biome-ignore lint/suspicious/noThenProperty: as JSON schema calls it
    ...(Object.keys(always).length > 0 ? [{ if: given, then: always }] : []),
    ...branches.flatMap(branch => branchOf(name, branch)),
  ];
}

/** What there is to be when the property has one of the values of a branch. */
function branchOf(name: string, branch: unknown): JsonSchema[] {
  if (!isRecord(branch) || !isRecord(branch.properties)) return [];
  const { [name]: value, ...properties } = branch.properties;
  if (value === undefined) return [];
  const required = Array.isArray(branch.required)
    ? branch.required.filter(it => it !== name)
    : undefined;
  return [
    {
      if: { properties: { [name]: value }, required: [name] },
      // biome-ignore lint/suspicious/noThenProperty: as JSON schema calls it
      then: { ...branch, properties, ...(required && { required }) },
    },
  ];
}
