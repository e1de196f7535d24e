/** Versions of an entity that this tab has had, and what changed from one to the next. */

import { stringify } from 'yaml';
import type { Entity } from '../../api/entity';
import { type DiffLine, diffLines } from '../../apis/diff';

export interface Version {
  at: number;
  etag: string | undefined;
  entity: Entity;
}

const MAX_VERSIONS = 20;
/** Texts that are longer are not compared: definitions can have megabytes. */
const MAX_TEXT = 500_000;

/** The versions with one more at their beginning, if it is one. */
export function withVersion(versions: readonly Version[], entity: Entity, at: number): Version[] {
  const { etag } = entity.metadata;
  const [last] = versions;
  if (last && last.etag === etag && (etag !== undefined || last.entity === entity)) {
    return [...versions];
  }
  return [{ at, etag, entity }, ...versions].slice(0, MAX_VERSIONS);
}

/** The lines that differ; nothing when the texts are too long. */
export function changedLines(before: Entity, after: Entity): DiffLine[] | undefined {
  const [a, b] = [textOf(before), textOf(after)];
  if (a.length + b.length > MAX_TEXT) return undefined;
  return diffLines(a, b).filter(({ sort }) => sort !== 'same');
}

/** Without what changes with every version. */
function textOf(entity: Entity): string {
  const { etag: _, ...metadata } = entity.metadata;
  return stringify({ ...entity, metadata }, { lineWidth: 0 });
}
