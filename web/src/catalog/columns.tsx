/** Columns of the table of entities. */

import type { ReactNode } from 'react';
import {
  type Entity,
  formatRef,
  parseRef,
  refOf,
  refTextOf,
  specText,
  titleOf,
} from '../api/entity';
import { EntityLink } from '../ui/EntityLink';
import { kindName } from '../ui/kinds';
import { plainText } from '../ui/plain';
import { Badge } from '../ui/Small';

export interface Column {
  id: string;
  title: string;
  /** Part of the width, as CSS grid takes it. */
  width: string;
  /** Field to sort by. */
  field?: string;
  cell: (entity: Entity) => ReactNode;
  /** Value in exports. */
  text: (entity: Entity) => string;
}

/** A reference in the spec, completed as the catalog does: in the namespace of the entity. */
export function specRef(entity: Entity, key: string, kind: string): string | undefined {
  const text = specText(entity, key);
  if (!text) return undefined;
  const ref = parseRef(text, kind);
  const namespace = text.includes('/') ? ref.namespace : refOf(entity).namespace;
  return formatRef({ ...ref, namespace });
}

function reference(key: string, kind: string): Pick<Column, 'cell' | 'text'> {
  return {
    cell: entity => {
      const ref = specRef(entity, key, kind);
      return ref ? <EntityLink entityRef={ref} icon={false} tabIndex={-1} /> : null;
    },
    text: entity => specRef(entity, key, kind) ?? '',
  };
}

/** What is worth a colour: nothing is said about what is as it should be. */
const LIFECYCLES: Record<string, 'warn' | 'info'> = {
  experimental: 'info',
  deprecated: 'warn',
};

export function Lifecycle({ value }: { value: string }) {
  const tone = LIFECYCLES[value.toLowerCase()];
  return tone ? <Badge tone={tone}>{value}</Badge> : <span className="muted">{value}</span>;
}

export const COLUMNS: Column[] = [
  {
    id: 'name',
    title: 'Name',
    width: 'minmax(200px, 2.2fr)',
    field: 'metadata.name',
    cell: entity => <EntityLink entityRef={refTextOf(entity)} entity={entity} />,
    text: titleOf,
  },
  {
    id: 'kind',
    title: 'Kind',
    width: '104px',
    field: 'kind',
    cell: entity => kindName(entity.kind),
    text: entity => entity.kind,
  },
  {
    id: 'owner',
    title: 'Owner',
    width: 'minmax(120px, 1fr)',
    field: 'spec.owner',
    ...reference('owner', 'group'),
  },
  {
    id: 'system',
    title: 'System',
    width: 'minmax(120px, 1fr)',
    field: 'spec.system',
    ...reference('system', 'system'),
  },
  {
    id: 'type',
    title: 'Type',
    width: 'minmax(90px, 0.7fr)',
    field: 'spec.type',
    cell: entity => specText(entity, 'type'),
    text: entity => specText(entity, 'type') ?? '',
  },
  {
    id: 'lifecycle',
    title: 'Lifecycle',
    width: '128px',
    field: 'spec.lifecycle',
    cell: entity => {
      const value = specText(entity, 'lifecycle');
      return value && <Lifecycle value={value} />;
    },
    text: entity => specText(entity, 'lifecycle') ?? '',
  },
  {
    id: 'description',
    title: 'Description',
    width: 'minmax(160px, 2fr)',
    cell: entity => <span className="muted">{plainText(entity.metadata.description)}</span>,
    text: entity => entity.metadata.description ?? '',
  },
  {
    id: 'tags',
    title: 'Tags',
    width: 'minmax(120px, 1fr)',
    cell: entity => <span className="muted">{entity.metadata.tags?.join(', ')}</span>,
    text: entity => entity.metadata.tags?.join(' ') ?? '',
  },
  {
    id: 'namespace',
    title: 'Namespace',
    width: '110px',
    field: 'metadata.namespace',
    cell: entity => refOf(entity).namespace,
    text: entity => refOf(entity).namespace,
  },
];

export const DEFAULT_COLUMNS = ['name', 'owner', 'system', 'type', 'lifecycle', 'description'];

/** The columns that an address names, always beginning with the name. */
export function columnsOf(text: string | undefined): Column[] {
  const ids = text ? text.split(',') : DEFAULT_COLUMNS;
  return COLUMNS.filter(column => column.id === 'name' || ids.includes(column.id));
}

/** Reads `-type` as the field of the column, descending. */
export function sortOf(text: string | undefined): {
  id: string;
  field: string;
  order: 'asc' | 'desc';
} {
  const order = text?.startsWith('-') ? 'desc' : 'asc';
  const id = text?.replace(/^-/, '') ?? 'name';
  const field = COLUMNS.find(column => column.id === id)?.field;
  return field ? { id, field, order } : { id: 'name', field: 'metadata.name', order: 'asc' };
}
