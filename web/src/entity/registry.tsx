/**
 * Cards and tabs of entity pages. Features add theirs here; a page shows those that apply, in order.
 */

import { type ComponentType, type LazyExoticComponent, lazy } from 'react';
import { type Entity, isRecord, specText } from '../api/entity';
import { AboutCard } from './cards/AboutCard';
import { AncestryCard } from './cards/AncestryCard';
import { HealthCard } from './cards/HealthCard';
import { LabelsCard } from './cards/LabelsCard';
import { LinksCard } from './cards/LinksCard';
import { MembersCard } from './cards/MembersCard';
import { OwnedCard } from './cards/OwnedCard';
import { RelationCard } from './cards/RelationCard';
import { SpecCard } from './cards/SpecCard';

export interface EntityPart {
  entity: Entity;
}

export interface CardSpec {
  id: string;
  /** Main holds facts and what belongs to the entity, side people, links and problems. */
  place: 'main' | 'side';
  applies: (entity: Entity) => boolean;
  component: ComponentType<EntityPart>;
}

export interface TabSpec {
  id: string;
  title: string;
  applies: (entity: Entity) => boolean;
  component: ComponentType<EntityPart> | LazyExoticComponent<ComponentType<EntityPart>>;
}

const isKind =
  (...kinds: string[]) =>
  (entity: Entity) =>
    kinds.includes(entity.kind.toLowerCase());

const hasRelation =
  (...types: string[]) =>
  (entity: Entity) =>
    entity.relations?.some(({ type }) => types.includes(type)) ?? false;

/** A card of everything that a relation leads to. */
function relation(id: string, title: string, type: string, kind?: string): CardSpec {
  return {
    id,
    place: 'main',
    applies: entity =>
      entity.relations?.some(
        it => it.type === type && (!kind || it.targetRef.startsWith(`${kind}:`)),
      ) ?? false,
    component: ({ entity }) => (
      <RelationCard entity={entity} title={title} type={type} kind={kind} />
    ),
  };
}

const KNOWN_KINDS = [
  'component',
  'api',
  'resource',
  'system',
  'domain',
  'group',
  'user',
  'location',
  'template',
];

export const CARDS: CardSpec[] = [
  { id: 'health', place: 'main', applies: () => true, component: HealthCard },
  { id: 'about', place: 'main', applies: () => true, component: AboutCard },
  relation('has-system', 'Systems', 'hasPart', 'system'),
  relation('has-domain', 'Subdomains', 'hasPart', 'domain'),
  relation('has-component', 'Components', 'hasPart', 'component'),
  relation('has-api', 'APIs', 'hasPart', 'api'),
  relation('has-resource', 'Resources', 'hasPart', 'resource'),
  relation('provides', 'Provides APIs', 'providesApi'),
  relation('consumes', 'Consumes APIs', 'consumesApi'),
  relation('provided-by', 'Provided by', 'apiProvidedBy'),
  relation('consumed-by', 'Consumed by', 'apiConsumedBy'),
  relation('depends', 'Depends on', 'dependsOn'),
  relation('needed', 'Needed by', 'dependencyOf'),
  { id: 'owned', place: 'main', applies: isKind('group', 'user'), component: OwnedCard },
  {
    id: 'spec',
    place: 'main',
    applies: entity => !isKind(...KNOWN_KINDS)(entity) || isKind('location', 'template')(entity),
    component: SpecCard,
  },
  { id: 'members', place: 'side', applies: isKind('group'), component: MembersCard },
  { ...relation('groups', 'Groups', 'memberOf'), place: 'side' },
  { ...relation('parent', 'Parent group', 'childOf'), place: 'side' },
  { ...relation('children', 'Child groups', 'parentOf'), place: 'side' },
  {
    id: 'links',
    place: 'side',
    applies: entity =>
      !isKind('user', 'group', 'location')(entity) || (entity.metadata.links?.length ?? 0) > 0,
    component: LinksCard,
  },
  { id: 'ancestry', place: 'side', applies: () => true, component: AncestryCard },
  { id: 'labels', place: 'side', applies: () => true, component: LabelsCard },
];

export const TABS: TabSpec[] = [
  {
    id: 'definition',
    title: 'Definition',
    applies: entity => isKind('api')(entity) && specText(entity, 'definition') !== undefined,
    component: lazy(() => import('./tabs/DefinitionTab')),
  },
  {
    id: 'dependencies',
    title: 'Dependencies',
    applies: hasRelation(
      'dependsOn',
      'dependencyOf',
      'partOf',
      'hasPart',
      'providesApi',
      'consumesApi',
      'apiProvidedBy',
      'apiConsumedBy',
    ),
    component: lazy(() => import('./tabs/DependenciesTab')),
  },
  {
    id: 'steps',
    title: 'Steps',
    applies: entity =>
      isKind('template')(entity) &&
      Array.isArray(entity.spec?.steps) &&
      entity.spec.steps.every(isRecord),
    component: lazy(() => import('./tabs/StepsTab')),
  },
  {
    id: 'raw',
    title: 'YAML',
    applies: () => true,
    component: lazy(() => import('./tabs/RawTab')),
  },
  {
    id: 'explain',
    title: 'Explain',
    applies: () => true,
    component: lazy(() => import('./explain/ExplainTab')),
  },
  {
    id: 'history',
    title: 'History',
    applies: () => true,
    component: lazy(() => import('./history/HistoryTab')),
  },
];
