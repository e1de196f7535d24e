/**
 * Where each value of an entity comes from, as far as that follows from the entity itself: what its
 * source wrote, what the catalog and its processors added, and what other entities say about it.
 */

import {
  annotation,
  EDIT_URL,
  type Entity,
  formatRef,
  isRecord,
  locationUrl,
  MANAGED_BY,
  ORIGIN,
  ORPHAN,
  parseRef,
  type Relation,
  refTextOf,
  SOURCE_LOCATION,
  VIEW_URL,
} from '../../api/entity';

export type Sort = 'source' | 'processor' | 'catalog' | 'entity';

export interface Origin {
  sort: Sort;
  /** Who or what, in a few words. */
  by: string;
  /** The entity that says so, when it is another one. */
  ref?: string;
  /** The field that says so. */
  field?: string;
}

export interface Explained {
  /** As errors name it: a JSON pointer. */
  pointer: string;
  /** As people write it. */
  path: string;
  value: string;
  /** The entity that the value is a reference of. */
  target?: string;
  origin: Origin;
}

export interface Section {
  title: string;
  rows: Explained[];
}

const MAX_DEPTH = 3;
const MAX_VALUE = 300;
const CATALOG = 'the catalog';
const LOCATION_PROCESSOR = 'AnnotateLocationEntityProcessor';

/** What wrote the entity: a file, a provider, or the portal. */
export function sourceOf(entity: Entity): Origin {
  const location = annotation(entity, MANAGED_BY) ?? '';
  const type = location.split(':', 1)[0] ?? '';
  const isOwn = entity.kind === 'Location' && entity.metadata.name.startsWith('generated-');
  if (isOwn) return { sort: 'catalog', by: 'the portal, for a location that was registered' };
  if (type === 'url' || type === 'file') return { sort: 'source', by: 'its file' };
  return { sort: 'source', by: type ? `the provider of ${type}` : 'its source' };
}

export function explain(entity: Entity): Section[] {
  const source = sourceOf(entity);
  const { annotations = {}, labels = {}, ...metadata } = entity.metadata;
  const { apiVersion, kind } = entity;
  const plain = { apiVersion, kind, ...prefixed('metadata', metadata) };
  const sections: Section[] = [
    {
      title: 'What it is',
      rows: Object.entries(plain).map(([path, value]) =>
        row(path, value, ofMetadata(path, entity, source)),
      ),
    },
    {
      title: 'Annotations',
      rows: Object.entries(annotations).map(([key, value]) =>
        keyed('annotations', key, value, ofAnnotation(key, value, entity, source)),
      ),
    },
    {
      title: 'Labels',
      rows: Object.entries(labels).map(([key, value]) => keyed('labels', key, value, source)),
    },
    { title: 'Spec', rows: leaves('spec', entity.spec ?? {}, source) },
    {
      title: 'Relations',
      rows: (entity.relations ?? []).map((relation, at) => ({
        pointer: `/relations/${at}`,
        path: relation.type,
        value: relation.targetRef,
        target: relation.targetRef,
        origin: ofRelation(entity, relation),
      })),
    },
    {
      title: 'Status',
      rows: (entity.status?.items ?? []).map((item, at) => ({
        pointer: `/status/items/${at}`,
        path: `${item.level}: ${item.type}`,
        value: shortened(item.message),
        origin: { sort: 'processor', by: 'what processed it' },
      })),
    },
  ];
  return sections.filter(({ rows }) => rows.length > 0);
}

function prefixed(prefix: string, value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [`${prefix}.${key}`, inner]),
  );
}

function row(path: string, value: unknown, origin: Origin): Explained {
  return { pointer: `/${path.replaceAll('.', '/')}`, path, value: written(value), origin };
}

function keyed(of: string, key: string, value: unknown, origin: Origin): Explained {
  const escaped = key.replaceAll('~', '~0').replaceAll('/', '~1');
  const pointer = `/metadata/${of}/${escaped}`;
  return { pointer, path: key, value: written(value), origin };
}

function leaves(
  path: string,
  value: Record<string, unknown>,
  origin: Origin,
  depth = 1,
): Explained[] {
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = `${path}.${key}`;
    const isOpen = isRecord(inner) && Object.keys(inner).length > 0 && depth < MAX_DEPTH;
    return isOpen ? leaves(at, inner, origin, depth + 1) : [row(at, inner, origin)];
  });
}

function written(value: unknown): string {
  if (typeof value === 'string') return shortened(value);
  if (Array.isArray(value) && value.every(it => typeof it !== 'object')) {
    return shortened(value.join(', '));
  }
  return shortened(JSON.stringify(value) ?? '');
}

const shortened = (text: string) =>
  text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;

function ofMetadata(path: string, entity: Entity, source: Origin): Origin {
  if (path === 'metadata.uid') return { sort: 'catalog', by: `${CATALOG}, when it first saw it` };
  if (path === 'metadata.etag') return { sort: 'catalog', by: `${CATALOG}, anew for each version` };
  if (path === 'metadata.namespace' && entity.metadata.namespace === 'default') {
    return { ...source, by: `${source.by}, or ${CATALOG} where that names none` };
  }
  return source;
}

function ofAnnotation(key: string, value: string, entity: Entity, source: Origin): Origin {
  if (key === MANAGED_BY) return { sort: 'catalog', by: `${CATALOG}: what it read it from` };
  if (key === ORIGIN) return { sort: 'catalog', by: `${CATALOG}: what led it there first` };
  if (key === ORPHAN) {
    return { sort: 'catalog', by: `${CATALOG}: nothing leads to it any more` };
  }
  const url = locationUrl(annotation(entity, MANAGED_BY));
  const isMade: Record<string, (url: string) => boolean> = {
    [VIEW_URL]: from => value === from,
    // How a host names the page where a file is edited, only its integration knows.
    [EDIT_URL]: from => hostOf(value) === hostOf(from),
    [SOURCE_LOCATION]: from => value === `url:${from.slice(0, from.lastIndexOf('/') + 1)}`,
  };
  const rule = isMade[key];
  if (rule && url && rule(url)) {
    return { sort: 'processor', by: LOCATION_PROCESSOR, field: MANAGED_BY };
  }
  return source;
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}

interface RefField {
  name: string;
  /** The kind of references that name none. */
  kind?: string;
  outgoing: string;
  incoming: string;
}

const field = (name: string, kind: string | undefined, outgoing: string, incoming: string) => ({
  name,
  kind,
  outgoing,
  incoming,
});
/** Fields of a spec that become relations, in both directions; as the catalog reads them. */
const FIELDS: RefField[] = [
  field('owner', 'group', 'ownedBy', 'ownerOf'),
  field('system', 'system', 'partOf', 'hasPart'),
  field('subcomponentOf', 'component', 'partOf', 'hasPart'),
  field('domain', 'domain', 'partOf', 'hasPart'),
  field('subdomainOf', 'domain', 'partOf', 'hasPart'),
  field('providesApis', 'api', 'providesApi', 'apiProvidedBy'),
  field('consumesApis', 'api', 'consumesApi', 'apiConsumedBy'),
  field('dependsOn', undefined, 'dependsOn', 'dependencyOf'),
  field('dependencyOf', undefined, 'dependencyOf', 'dependsOn'),
  field('memberOf', 'group', 'memberOf', 'hasMember'),
  field('parent', 'group', 'childOf', 'parentOf'),
  field('children', 'group', 'parentOf', 'childOf'),
  field('members', 'user', 'hasMember', 'memberOf'),
];

function refsIn(entity: Entity, { name, kind }: RefField): string[] {
  const value = entity.spec?.[name];
  const texts = Array.isArray(value) ? value : [value];
  return texts
    .filter(text => typeof text === 'string')
    .map(text => {
      const ref = parseRef(text, kind ?? 'component');
      // Without a namespace, it is in the one of the entity.
      const namespace = text.includes('/')
        ? ref.namespace
        : (entity.metadata.namespace ?? 'default');
      return formatRef({ ...ref, namespace });
    });
}

/** A relation is said by one of its two ends. */
export function ofRelation(entity: Entity, { type, targetRef }: Relation): Origin {
  const own = FIELDS.find(
    it => it.outgoing === type && refsIn(entity, it).includes(targetRef.toLowerCase()),
  );
  if (own) return { sort: 'source', by: 'its own field', field: `spec.${own.name}` };
  // A field that names things of another kind does not mean this one.
  const kind = entity.kind.toLowerCase();
  const means = (it: RefField) => it.incoming === type && (!it.kind || isAlike(it.kind, kind));
  const fields = FIELDS.filter(means).map(({ name }) => `spec.${name}`);
  const isSelf = targetRef.toLowerCase() === refTextOf(entity);
  if (fields.length === 0 || isSelf) return { sort: 'processor', by: 'what processed it' };
  return { sort: 'entity', by: 'the other entity', ref: targetRef, field: fields.join(' or ') };
}

/** People own things, too, though references without a kind mean groups. */
const isAlike = (expected: string, kind: string) =>
  expected === kind || (expected === 'group' && kind === 'user');
