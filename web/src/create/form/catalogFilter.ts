/** The filters of entity fields, as predicates of the catalog. */

import type { Predicate } from '../../api/catalog';
import { isRecord } from '../../api/entity';

/** All keys of a map must hold; of several maps, one. */
export function predicateOfFilter(filter: unknown): Predicate | undefined {
  if (Array.isArray(filter)) {
    const parts = filter.map(predicateOfFilter).filter(part => part !== undefined);
    return parts.length > 1 ? { $any: parts } : parts[0];
  }
  if (!isRecord(filter)) return undefined;
  const parts = Object.entries(filter).map(([key, value]) => ({ [key]: matcherOf(value) }));
  return parts.length > 1 ? { $all: parts } : parts[0];
}

function matcherOf(value: unknown): unknown {
  if (Array.isArray(value)) return { $in: value };
  if (isRecord(value) && typeof value.exists === 'boolean') return { $exists: value.exists };
  return value;
}

/** What a field offers: its filter, else its kinds. */
export function queryOf(options: Record<string, unknown>, kinds?: string[]): Predicate | undefined {
  const allowed = Array.isArray(options.allowedKinds) ? options.allowedKinds : kinds;
  return predicateOfFilter(options.catalogFilter) ?? (allowed && { kind: { $in: allowed } });
}

export function both(a: Predicate | undefined, b: Predicate): Predicate {
  return a ? { $all: [a, b] } : b;
}
