/** The neighbourhood of entities, loaded hop by hop. */

import { catalog } from '../api/catalog';
import { type Entity, parseRef, specText, titleOf } from '../api/entity';
import { edgeOf } from '../entity/relations';

export interface GraphNode {
  ref: string;
  kind: string;
  title: string;
  type?: string;
  hasErrors: boolean;
  /** Named by a relation, but not in the catalog. */
  isMissing: boolean;
  /** Hops from the nearest root. */
  depth: number;
}

export interface GraphEdge {
  from: string;
  to: string;
  /** More than one relation may join two entities; none is dropped. */
  types: string[];
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
  /** Neighbours that were left out because there would be too many nodes. */
  left: number;
}

export interface GraphQuery {
  roots: string[];
  depth: number;
  direction: 'both' | 'out' | 'in';
  /** Relations to follow; all when empty. */
  relations: string[];
  /** Kinds to show; all when empty. */
  kinds: string[];
}

export const MAX_NODES = 2000;
const BATCH = 500;
const FIELDS = [
  'kind',
  'metadata.name',
  'metadata.namespace',
  'metadata.title',
  'spec.type',
  'spec.profile',
  'relations',
  'status',
];

export type Load = (refs: string[]) => Promise<(Entity | null)[]>;

async function fromCatalog(refs: string[]): Promise<(Entity | null)[]> {
  const parts: string[][] = [];
  for (let at = 0; at < refs.length; at += BATCH) parts.push(refs.slice(at, at + BATCH));
  const answers = await Promise.all(parts.map(part => catalog.entities(part, FIELDS)));
  return answers.flat();
}

/** Walks from the roots; every edge between two shown nodes is shown. */
export async function loadGraph(query: GraphQuery, load: Load = fromCatalog): Promise<Graph> {
  const nodes = new Map<string, GraphNode>();
  const edges = new Map<string, GraphEdge>();
  let frontier = [...new Set(query.roots)];
  let left = 0;
  for (let depth = 0; depth <= query.depth && frontier.length > 0; depth++) {
    const entities = await load(frontier);
    const next = new Set<string>();
    frontier.forEach((ref, at) => {
      const entity = entities[at] ?? null;
      nodes.set(ref, nodeOf(ref, entity, depth));
      for (const [from, type, to] of edgesOf(ref, entity, query)) {
        addEdge(edges, from, type, to);
        next.add(from === ref ? to : from);
      }
    });
    const unknown = [...next].filter(ref => !nodes.has(ref));
    const room = Math.max(0, MAX_NODES - nodes.size);
    if (depth < query.depth) left += Math.max(0, unknown.length - room);
    frontier = unknown.slice(0, room);
  }
  const shown = [...edges.values()].filter(edge => nodes.has(edge.from) && nodes.has(edge.to));
  return { nodes: [...nodes.values()], edges: shown, left };
}

function nodeOf(ref: string, entity: Entity | null, depth: number): GraphNode {
  const { kind, name } = parseRef(ref);
  return {
    ref,
    kind,
    title: entity ? titleOf(entity) : name,
    type: entity ? specText(entity, 'type') : undefined,
    hasErrors: entity?.status?.items?.some(item => item.level === 'error') ?? false,
    isMissing: entity === null,
    depth,
  };
}

/** The edges at an entity that the query asks for. */
function edgesOf(
  ref: string,
  entity: Entity | null,
  query: GraphQuery,
): [string, string, string][] {
  const found: [string, string, string][] = [];
  for (const { type, targetRef } of entity?.relations ?? []) {
    if (query.kinds.length > 0 && !query.kinds.includes(parseRef(targetRef).kind)) continue;
    const edge = edgeOf(ref, type, targetRef);
    const isOut = edge[0] === ref;
    if (query.direction !== 'both' && isOut !== (query.direction === 'out')) continue;
    if (query.relations.length > 0 && !query.relations.includes(edge[1])) continue;
    found.push(edge);
  }
  return found;
}

function addEdge(edges: Map<string, GraphEdge>, from: string, type: string, to: string): void {
  const key = `${from} ${to}`;
  const edge = edges.get(key) ?? { from, to, types: [] };
  if (!edge.types.includes(type)) edge.types.push(type);
  edges.set(key, edge);
}
