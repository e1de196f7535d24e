/**
 * Changing what is there: which templates are for an entity, and what their forms begin with.
 *
 * A template says which entities it is for with the annotation `callboard.dev/for`, and where a field
 * gets its value with `ui:options: {fromEntity: spec.owner}`; fields that most templates have are
 * known by name.
 */

import {
  annotation,
  type Entity,
  formatRef,
  isRecord,
  locationUrl,
  parseRef,
  refOf,
  refTextOf,
  relationsOf,
  SOURCE_LOCATION,
} from '../api/entity';
import type { JsonSchema } from '../api/scaffolder';
import { written } from './form/entityRef';
import { hostNamed, writeRepoUrl } from './form/repoUrl';
import { propertiesOf } from './properties';

const FOR = 'callboard.dev/for';

type Values = Record<string, unknown>;

/** Whether a template is for an entity: by its annotation, or because it made the entity. */
export function isFor(template: Entity, entity: Entity): boolean {
  const made = entity.spec?.scaffoldedFrom;
  if (typeof made === 'string' && formatRef(parseRef(made, 'template')) === refTextOf(template))
    return true;
  const filters = (annotation(template, FOR) ?? '').split('\n').filter(line => line.trim());
  return filters.some(filter => filter.split(',').every(part => holds(part, entity)));
}

/** `spec.type=service`, or `metadata.annotations.x/y` for anything that has it. */
function holds(part: string, entity: Entity): boolean {
  const at = part.indexOf('=');
  const path = (at < 0 ? part : part.slice(0, at)).trim();
  const wanted = at < 0 ? undefined : part.slice(at + 1).trim();
  const found = valueAt(entity, path);
  if (wanted === undefined) return found !== undefined;
  const values = Array.isArray(found) ? found : [found];
  return values.some(value => String(value ?? '').toLowerCase() === wanted.toLowerCase());
}

/** What stands at a path; keys may have dots in them. */
function valueAt(value: unknown, path: string): unknown {
  if (path === '') return value;
  if (!isRecord(value)) return undefined;
  if (path in value) return value[path];
  for (let at = path.indexOf('.'); at > 0; at = path.indexOf('.', at + 1)) {
    const key = path.slice(0, at);
    if (key in value) return valueAt(value[key], path.slice(at + 1));
  }
  return undefined;
}

/** What the form of a template begins with, for an entity. */
export function valuesFrom(entity: Entity, pages: readonly JsonSchema[]): Values {
  const values: Values = {};
  for (const page of pages) {
    for (const [name, property] of Object.entries(propertiesOf(page))) {
      const value = valueFor(name, property, entity);
      if (value !== undefined && fits(value, property)) values[name] = value;
    }
  }
  return values;
}

function valueFor(name: string, property: JsonSchema, entity: Entity): unknown {
  const options = isRecord(property['ui:options']) ? property['ui:options'] : {};
  const asRef = (ref: string | undefined) => ref && written(ref, options);
  const isPicker = String(property['ui:field'] ?? '').endsWith('Picker');
  const { fromEntity } = options;
  if (fromEntity === 'ref') return asRef(refTextOf(entity));
  if (typeof fromEntity === 'string') return valueAt(entity, fromEntity);
  switch (property['ui:field']) {
    case 'OwnerPicker':
      return asRef(relationsOf(entity, 'ownedBy')[0]);
    case 'RepoUrlPicker':
      return repoUrlFrom(entity);
    case 'EntityTagsPicker':
      return entity.metadata.tags;
    case 'Secret':
      return undefined;
  }
  const key = name.toLowerCase().replace(/[^a-z]/g, '');
  if (isPicker && ['entity', 'entityref', entity.kind.toLowerCase()].includes(key))
    return asRef(refTextOf(entity));
  return byName(key, entity, asRef);
}

function byName(
  key: string,
  entity: Entity,
  asRef: (ref: string | undefined) => string | undefined,
): unknown {
  switch (key) {
    case 'entityref':
      return refTextOf(entity);
    case 'name':
    case 'componentid':
    case 'componentname':
    case 'servicename':
      return refOf(entity).name;
    case 'title':
    case 'description':
    case 'tags':
      return entity.metadata[key];
    case 'owner':
      return asRef(relationsOf(entity, 'ownedBy')[0]);
    case 'system':
      return asRef(relationsOf(entity, 'partOf').find(ref => ref.startsWith('system:')));
    case 'lifecycle':
    case 'type':
      return entity.spec?.[key];
    case 'repourl':
      return repoUrlFrom(entity);
    default:
      return undefined;
  }
}

function fits(value: unknown, { type, enum: values }: JsonSchema): boolean {
  if (Array.isArray(values) && !values.includes(value)) return false;
  if (type === undefined) return true;
  const own = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
  const types = Array.isArray(type) ? type : [type];
  return types.includes(own) || (types.includes('integer') && Number.isInteger(value));
}

/** A part of a path, as it is where it is escaped wrongly. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The repository in which an entity is described. */
export function repoUrlFrom(entity: Entity): string | undefined {
  const location = locationUrl(annotation(entity, SOURCE_LOCATION));
  if (!location) return undefined;
  const { host, pathname } = new URL(location);
  const parts = pathname.split('/').filter(Boolean).map(decoded);
  const [first, second, third, fourth] = parts;
  if (!first || !second) return undefined;
  switch (hostNamed(host)?.kind) {
    case 'azure':
      return third === '_git' && fourth
        ? writeRepoUrl({ host, organization: first, project: second, repo: fourth })
        : undefined;
    case 'bitbucketCloud':
      return writeRepoUrl({ host, workspace: first, repo: second });
    case 'bitbucketServer':
      return first === 'projects' && third === 'repos' && fourth
        ? writeRepoUrl({ host, project: second, repo: fourth })
        : undefined;
    case 'gitlab': {
      // Groups have groups; what is below a project begins with a dash.
      const end = parts.indexOf('-');
      const path = end < 0 ? parts : parts.slice(0, end);
      return writeRepoUrl({ host, owner: path.slice(0, -1).join('/'), repo: path.at(-1) });
    }
    default:
      return writeRepoUrl({ host, owner: first, repo: second });
  }
}
