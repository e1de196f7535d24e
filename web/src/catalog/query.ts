/**
 * The query people type: `kind:component owner:me -tag:legacy "seat map"`.
 *
 * Filters with the same key are alternatives, different keys must all hold, a minus excludes, and
 * everything else is text to be found in names and descriptions. Clicking writes the same query.
 */

import type { Predicate } from '../api/catalog';
import { formatRef, ORPHAN, parseRef } from '../api/entity';

export interface Term {
  key: string;
  value: string;
  negated: boolean;
}

export interface Query {
  terms: Term[];
  text: string;
}

/** What `owner:me` and `is:starred` mean depends on who asks. */
export interface Asker {
  userRef: string;
  ownershipRefs: readonly string[];
  stars: readonly string[];
}

interface Key {
  field: string;
  /** What a reference without a kind means; absent for plain texts. */
  refKind?: string;
  label: string;
}

/** Keys with a name of their own; any other key is the path of a field. */
export const KEYS: Record<string, Key> = {
  kind: { field: 'kind', label: 'Kind' },
  type: { field: 'spec.type', label: 'Type' },
  lifecycle: { field: 'spec.lifecycle', label: 'Lifecycle' },
  owner: { field: 'relations.ownedBy', refKind: 'group', label: 'Owner' },
  system: { field: 'relations.partOf', refKind: 'system', label: 'System' },
  tag: { field: 'metadata.tags', label: 'Tag' },
  namespace: { field: 'metadata.namespace', label: 'Namespace' },
  name: { field: 'metadata.name', label: 'Name' },
};

/** Flags: `is:starred`. */
export const FLAGS: Record<string, string> = {
  owned: 'Owned by me',
  starred: 'Starred',
  orphan: 'Orphaned',
  unowned: 'Without an owner',
};

export const TEXT_FIELDS = [
  'metadata.name',
  'metadata.title',
  'metadata.description',
  'spec.profile.displayname',
];

const TOKEN = /(-?)([A-Za-z][\w./-]*):("(?:[^"\\]|\\.)*"?|\S+)|"([^"]*)"?|(\S+)/g;

export function parseQuery(text: string): Query {
  const terms: Term[] = [];
  const words: string[] = [];
  for (const [whole, minus, key, value, quoted] of text.matchAll(TOKEN)) {
    if (key !== undefined && value !== undefined) {
      const isQuoted = value.startsWith('"');
      const plain = isQuoted ? value.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1') : value;
      terms.push({ key: keyName(key), value: plain, negated: minus === '-' });
    } else {
      words.push(quoted ?? whole);
    }
  }
  return { terms, text: words.join(' ') };
}

function keyName(written: string): string {
  const lower = written.toLowerCase();
  return lower in KEYS || lower === 'is' || lower === 'has' ? lower : written;
}

export function formatTerm({ key, value, negated }: Term): string {
  const quoted = /\s|^"/.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : value;
  return `${negated ? '-' : ''}${key}:${quoted}`;
}

export function formatQuery({ terms, text }: Query): string {
  return [...terms.map(formatTerm), text].filter(Boolean).join(' ');
}

/** Values that the query asks for under a key. */
export function valuesOf(query: Query, key: string): string[] {
  return query.terms.filter(term => term.key === key && !term.negated).map(term => term.value);
}

/** Adds or removes one value, leaving the rest as it was. */
export function toggleTerm(query: Query, key: string, value: string): Query {
  const isThis = (term: Term) => term.key === key && !term.negated && isSame(term.value, value);
  if (query.terms.some(isThis)) {
    return { ...query, terms: query.terms.filter(term => !isThis(term)) };
  }
  return { ...query, terms: [...query.terms, { key, value, negated: false }] };
}

/** Makes `value` the only one of its key; none when it is absent. */
export function setTerm(query: Query, key: string, value?: string): Query {
  const others = query.terms.filter(term => term.key !== key);
  if (value === undefined) return { ...query, terms: others };
  return { ...query, terms: [{ key, value, negated: false }, ...others] };
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** The predicate of the query, leaving out the filters of one key. */
export function toPredicate(query: Query, asker: Asker, without?: string): Predicate | undefined {
  const parts: Predicate[] = [];
  const keys = new Set(query.terms.map(term => term.key));
  for (const key of keys) {
    if (key === without) continue;
    const terms = query.terms.filter(term => term.key === key);
    const wanted = terms.filter(term => !term.negated).map(term => predicateOf(term, asker));
    if (wanted.length === 1 && wanted[0]) parts.push(wanted[0]);
    // Flags narrow each other; values of a field are alternatives.
    else if (wanted.length > 1)
      parts.push(key === 'is' || key === 'has' ? { $all: wanted } : { $any: wanted });
    for (const term of terms) if (term.negated) parts.push({ $not: predicateOf(term, asker) });
  }
  if (parts.length === 0) return undefined;
  return parts.length === 1 ? parts[0] : { $all: parts };
}

function predicateOf({ key, value }: Term, asker: Asker): Predicate {
  if (key === 'is') return flag(value, asker);
  if (key === 'has') return { [KEYS[value]?.field ?? value]: { $exists: true } };
  const known = KEYS[key];
  if (!known) return { [key]: value };
  if (!known.refKind) return { [known.field]: value };
  const isMe = key === 'owner' && isSame(value, 'me');
  const refs = isMe ? [...asker.ownershipRefs] : [formatRef(parseRef(value, known.refKind))];
  return { [known.field]: { $in: refs } };
}

/** Matches nothing: a uid that no entity has. */
const NOTHING: Predicate = { 'metadata.uid': '-' };

function flag(name: string, asker: Asker): Predicate {
  switch (name) {
    case 'owned':
      return { 'relations.ownedBy': { $in: [...asker.ownershipRefs] } };
    case 'starred':
      return asker.stars.length > 0 ? { $any: asker.stars.map(exactly) } : NOTHING;
    case 'orphan':
      return { [`metadata.annotations.${ORPHAN}`]: 'true' };
    case 'unowned':
      return { $not: { 'relations.ownedBy': { $exists: true } } };
    default:
      return NOTHING;
  }
}

function exactly(text: string): Predicate {
  const { kind, namespace, name } = parseRef(text);
  return { kind, 'metadata.namespace': namespace, 'metadata.name': name };
}
