/** The description of a new entity: from a form to YAML, and from a file to entities. */

import { parseAllDocuments, stringify } from 'yaml';
import { type Entity, isRecord } from '../api/entity';

export const KINDS = ['Component', 'API', 'Resource', 'System', 'Domain'] as const;
export type Kind = (typeof KINDS)[number];

export interface Description {
  kind: Kind;
  name: string;
  title: string;
  description: string;
  type: string;
  lifecycle: string;
  owner: string;
  /** The system, or the domain of a system. */
  parent: string;
  tags: string;
}

export const TYPES: Partial<Record<Kind, string[]>> = {
  Component: ['service', 'website', 'library'],
  API: ['openapi', 'asyncapi', 'graphql', 'grpc'],
  Resource: ['database', 'queue', 'bucket'],
};

export const LIFECYCLES = ['experimental', 'production', 'deprecated'];

export const hasLifecycle = (kind: Kind) => kind === 'Component' || kind === 'API';

/** What the entity may be part of. */
export function parentOf(kind: Kind): 'system' | 'domain' | undefined {
  if (kind === 'System') return 'domain';
  return kind === 'Domain' ? undefined : 'system';
}

export type DescriptionFaults = Partial<Record<keyof Description, string>>;

export function faultsOf(given: Description): DescriptionFaults {
  const faults: DescriptionFaults = {};
  if (!/^[A-Za-z0-9]+([-_.][A-Za-z0-9]+)*$/.test(given.name) || given.name.length > 63) {
    faults.name = 'Letters and digits with - _ or . between them, at most 63';
  }
  if (!given.owner) faults.owner = 'Say who owns it';
  if (TYPES[given.kind] && !given.type.trim()) faults.type = 'Say what sort of thing it is';
  return faults;
}

const words = (text: string) => text.split(/[\s,]+/).filter(Boolean);

/** References as short as people write them. */
function short(ref: string, kind: string): string {
  return ref.replace(new RegExp(`^${kind}:`, 'i'), '').replace(/^default\//, '');
}

export function entityOf(given: Description): Record<string, unknown> {
  const { kind, name, title, description, type, lifecycle, owner, parent, tags } = given;
  const parentKey = parentOf(kind);
  const spec: Record<string, unknown> = {};
  if (TYPES[kind]) spec.type = type.trim();
  if (hasLifecycle(kind)) spec.lifecycle = lifecycle;
  if (owner) spec.owner = short(owner, 'group');
  if (parentKey && parent) spec[parentKey] = short(parent, parentKey);
  if (kind === 'API') spec.definition = { $text: './openapi.yaml' };
  return {
    apiVersion: 'backstage.io/v1alpha1',
    kind,
    metadata: {
      name,
      ...(title && { title }),
      ...(description && { description }),
      ...(tags.trim() && { tags: words(tags.toLowerCase()) }),
    },
    spec,
  };
}

export function toYaml(given: Description): string {
  return stringify(entityOf(given), { lineWidth: 0 });
}

/** What is read of a file; more is no description of somebody's software. */
export const MAX_FILE = 1024 * 1024;
export const MAX_ENTITIES = 50;

export interface ReadFile {
  entities: Entity[];
  /** What keeps the file from being read, with line and column. */
  faults: string[];
}

export function readFile(text: string): ReadFile {
  const documents = parseAllDocuments(text, { prettyErrors: true });
  const entities: Entity[] = [];
  const faults: string[] = [];
  for (const document of documents.slice(0, MAX_ENTITIES)) {
    faults.push(...document.errors.map(error => error.message.split('\n')[0] ?? error.message));
    if (document.errors.length > 0) continue;
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    if (value === null) continue;
    if (isRecord(value) && isRecord(value.metadata) && typeof value.kind === 'string') {
      entities.push(value as unknown as Entity);
    } else faults.push('A document of the file has no `kind` or no `metadata`, so it is no entity');
  }
  if (documents.length > MAX_ENTITIES) {
    faults.push(
      `The file has more than ${MAX_ENTITIES} documents; the first ${MAX_ENTITIES} are here`,
    );
  }
  return { entities, faults };
}
