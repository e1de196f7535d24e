/** GraphQL: the schema language, with what extends a type added to it. */

import type { GraphQLError } from 'graphql/error/GraphQLError';
import type {
  ConstDirectiveNode,
  FieldDefinitionNode,
  InputValueDefinitionNode,
  TypeDefinitionNode,
  TypeExtensionNode,
  TypeNode,
} from 'graphql/language/ast';
import { parse } from 'graphql/language/parser';
import { print } from 'graphql/language/printer';
import { firstLineOf } from '../ui/markdownText';
import {
  type Definition,
  type Field,
  field,
  MAX_OPERATIONS,
  type Operation,
  operation,
  type Shape,
  shape,
} from './model';

const MAX_TOKENS = 500_000;
const ROOTS: Record<string, string> = {
  query: 'Query',
  mutation: 'Mutation',
  subscription: 'Subscription',
};

type TypeLike = TypeDefinitionNode | TypeExtensionNode;

export function readGraphql(text: string): Definition {
  const empty = { servers: [], operations: [], types: new Map<string, Shape>(), problems: [] };
  let document: ReturnType<typeof parse>;
  try {
    document = parse(text, { maxTokens: MAX_TOKENS });
  } catch (error) {
    const { message, locations } = error as GraphQLError;
    return { ...empty, problems: [{ message, line: locations?.[0]?.line }] };
  }
  const roots = { ...ROOTS };
  let description: string | undefined;
  const types = new Map<string, Shape>();
  const names = new Set<string>();
  const nodes: TypeLike[] = [];
  for (const node of document.definitions) {
    if (node.kind === 'SchemaDefinition' || node.kind === 'SchemaExtension') {
      for (const it of node.operationTypes ?? []) roots[it.operation] = it.type.name.value;
      if (node.kind === 'SchemaDefinition') description = node.description?.value;
    } else if (isType(node)) {
      nodes.push(node);
      names.add(node.name.value);
    }
  }
  for (const node of nodes) {
    const name = node.name.value;
    const known = types.get(name) ?? shape(name);
    types.set(name, added(known, node, names));
  }
  const operations = Object.entries(roots).flatMap(([verb, name]) => {
    const root = types.get(name);
    types.delete(name);
    return root?.fields.map(it => operationOf(verb.toUpperCase(), it)) ?? [];
  });
  return { ...empty, description, operations: operations.slice(0, MAX_OPERATIONS), types };
}

function isType(node: { kind: string }): node is TypeLike {
  return /Type(Definition|Extension)$/.test(node.kind);
}

function operationOf(verb: string, { name, shape: of, ...root }: Field): Operation {
  return operation(verb, name, {
    summary: firstLineOf(root.description),
    description: root.description,
    deprecated: root.deprecated,
    inputs: root.inputs,
    outputs: [field('result', of)],
  });
}

function added(known: Shape, node: TypeLike, names: ReadonlySet<string>): Shape {
  const next: Shape = { ...known };
  if ('description' in node) next.description = node.description?.value ?? next.description;
  if ('fields' in node && node.fields) {
    next.fields = [...known.fields, ...node.fields.map(it => fieldOf(it, names))];
  }
  if ('interfaces' in node && node.interfaces?.length) {
    next.rules = [...known.rules, `is ${node.interfaces.map(it => it.name.value).join(', ')}`];
  }
  if ('values' in node && node.values) {
    const values = node.values.map(it => ({
      name: it.name.value,
      description: it.description?.value,
      deprecated: deprecationOf(it.directives),
    }));
    next.values = [...known.values, ...values];
  }
  if ('types' in node && node.types) {
    const shapes = node.types.map(it => typeShape(it, names));
    next.parts = { word: 'one of', shapes: [...(known.parts?.shapes ?? []), ...shapes] };
  }
  return { ...next, rules: [kindOf(node), ...next.rules.filter(rule => rule !== kindOf(node))] };
}

function kindOf({ kind }: TypeLike): string {
  const word = kind.replace(/Type(Definition|Extension)$/, '');
  return word === 'InputObject' ? 'input' : word === 'Object' ? 'type' : word.toLowerCase();
}

function fieldOf(
  node: FieldDefinitionNode | InputValueDefinitionNode,
  names: ReadonlySet<string>,
): Field {
  const of = typeShape(node.type, names);
  const given = 'defaultValue' in node ? node.defaultValue : undefined;
  if (given) of.rules = [`otherwise ${print(given)}`];
  const inputs = 'arguments' in node ? (node.arguments ?? []) : [];
  return field(node.name.value, of, {
    isRequired: node.type.kind === 'NonNullType' && !given,
    description: node.description?.value,
    deprecated: deprecationOf(node.directives),
    inputs: inputs.map(it => fieldOf(it, names)),
  });
}

function typeShape(type: TypeNode, names: ReadonlySet<string>): Shape {
  let inner = type;
  while (inner.kind !== 'NamedType') inner = inner.type;
  const name = inner.name.value;
  return shape(print(type), { ref: names.has(name) ? name : undefined });
}

function deprecationOf(directives: readonly ConstDirectiveNode[] | undefined): string | undefined {
  const found = directives?.find(it => it.name.value === 'deprecated');
  if (!found) return undefined;
  const reason = found.arguments?.find(it => it.name.value === 'reason')?.value;
  return reason?.kind === 'StringValue' ? reason.value : '';
}
